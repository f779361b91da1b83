import {
  type AnyOperation,
  type Attr,
  CallContext,
  type CreateReply,
  type CreateRequest,
  type Entry,
  type FileSystem,
  type FlushRequest,
  FsError,
  type FsyncRequest,
  type GetattrRequest,
  type GetlkRequest,
  type HandleId,
  type HandleRequest,
  type NodeRequest,
  O_ACCMODE,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_TRUNC,
  type OpenRequest,
  type OperationName,
  operationNames,
  operations,
  type ReaddirReply,
  type ReaddirRequest,
  type ReadRequest,
  rootContext,
  type SetlkRequest,
  type StatFs,
  type WriteRequest,
  type XattrListReply,
  type XattrRequest,
} from "@kedgefs/core";
import { bodyOf } from "./ask.ts";
import { ClosedDirectories } from "./closed-directories.ts";
import { LeaseCache } from "./leases/lease-cache.ts";
import { leased } from "./leases/leased.ts";
import { Listing } from "./listing.ts";
import { ClientLocks } from "./locks/client-locks.ts";
import { OpenedContents } from "./opened-contents.ts";
import type { RemoteSession } from "./remote-session.ts";
import { WriteBehind } from "./write-behind.ts";

/** How long the root's attributes, its opening and statfs wait for a server that is away, before they are answered here. */
const awayAnswerMs = 1_000;
/** What is asked of a listing at a time, bytes: the kernel asks for as little as a page. */
const listingBytes = 64 << 10;

/** The answer to a listxattr of a node that has none. */
const noXattrs: XattrListReply = { names: Buffer.alloc(0) };
/** The kernel's direntplus form less the name: fuse_entry_out (128) and fuse_dirent (24). */
const direntPlusBytesMin = 152;

type Opener = "open" | "opendir" | "create" | "tmpfile";

/** What answers these beside an entry, as OpenReply in kedge.proto says. */
interface Opened {
  readonly ticket: Uint8Array;
  readonly content?: Uint8Array;
}

/**
 * The FileSystem at the other end of a session.
 *
 * What the server said under a lease is answered from memory until it is recalled (LeaseCache), and so are reads of a small file
 * that came with the answer to its open (OpenedContents). Writes are answered ahead of the server where it grants that
 * (WriteBehind).
 *
 * While the server is away every other call waits, but for these: the attributes of the root, that it has no extended ones, its
 * opening, and statfs are answered from memory, so that `ls -d`, `df` and whatever else walks over all mounts does not hang.
 */
export function remote(session: RemoteSession): FileSystem {
  let rootAttr: Attr = session.root.attr;
  let lastStatFs: StatFs | undefined;
  const { root } = session;
  const answersAhead = session.leaseTerms.leaseMs > 0;
  const cache = new LeaseCache(() => session.leaseTerms);
  const contents = new OpenedContents(cache);
  const behind = new WriteBehind(
    leased((operation, request, context, ...how) => session.call(operation, request, context, ...how), cache),
    session,
  );
  const closed = new ClosedDirectories(cache, ({ number, node, caller }) => {
    session.handles.remove(number);
    ask("releasedir", { node, handle: number }, new CallContext(caller)).catch(() => {});
  });
  session.onRecall((node, isAsked) => {
    cache.recalled(node);
    if (node === undefined) closed.clear();
    const written = behind.recalled(node);
    // The connection is gone, and with it whoever could be waited for.
    if (node === undefined && !isAsked) locks.disconnected();
    return isAsked ? written : undefined;
  });
  const { ask } = behind;
  const locks = new ClientLocks(session, ask, (operation, body) => session.askFirst(operation, body));
  session.onRecovery((awaitsLocks) => locks.recover(awaitsLocks));

  const forward =
    (name: Exclude<OperationName, "forget">): AnyOperation =>
    async (request: object, context: CallContext) => {
      const { handle, newHandle } = request as { handle?: HandleId; newHandle?: HandleId };
      if (handle !== undefined) await session.handles.ready(handle, context);
      if (newHandle !== undefined) await session.handles.ready(newHandle, context);
      return bodyOf(await ask(name, request, context));
    };

  const whileAway = (
    name: Exclude<OperationName, "forget">,
    request: object,
    context: CallContext,
    remembered: () => object | undefined,
  ): Promise<unknown> => answerWhileAway(session, context, remembered, (own) => forward(name)(request as never, own));

  const opener =
    (name: Opener, number = session.handles.next()): AnyOperation =>
    async (request: OpenRequest | CreateRequest, context: CallContext) => {
      const asked = cache.ask();
      const answer = await ask(name, { ...request, handle: number }, context);
      const { ticket, content, ...entry } = bodyOf(answer) as Opened & Partial<Entry>;
      const flags = name === "opendir" ? O_RDONLY : request.flags & ~(O_CREAT | O_EXCL | O_TRUNC);
      const node = entry.node ?? (request as OpenRequest).node;
      session.handles.add({
        number,
        node,
        flags,
        directory: name === "opendir",
        ticket,
        caller: context.caller,
      });
      const told = answer.leased ? answer.after.find((each) => each.node === node) : undefined;
      if (content !== undefined && told !== undefined) contents.keep(number, { entry: told, content, asked });
      return { ...entry, handle: number } as CreateReply;
    };

  const opendir: AnyOperation = async (request: NodeRequest, context: CallContext) => {
    const kept = closed.take(request.node, context.caller);
    if (kept !== undefined) return { handle: kept.number };
    const number = session.handles.next();
    const open = opener("opendir", number);
    if (request.node !== root.node) return await open(request as never, context);
    const remembered = (): object => ({ handle: number });
    const onAway = (asked: Promise<unknown>, own: CallContext): void =>
      session.handles.addLater({ number, node: root.node, caller: context.caller }, asked, () => own.abort());
    return await answerWhileAway(session, context, remembered, (own) => open(request as never, own), onAway);
  };

  const releaser =
    (name: "release" | "releasedir"): AnyOperation =>
    async (request: HandleRequest, context: CallContext) => {
      const handle = session.handles.find(request.handle);
      const opening = handle?.opening;
      contents.drop(request.handle);
      if (name === "releasedir" && handle !== undefined && closed.keep(handle)) return undefined;
      if (opening === undefined) {
        // Nobody waits for the last close (the kernel doesn't either), and it has no news: those are for flush.
        const close = async (): Promise<void> => {
          const unlocks = locks.releases(request.handle);
          session.handles.remove(request.handle);
          const answered = ask(name, request, context);
          if (unlocks) session.flush();
          await answered.catch(() => {});
        };
        // A server that is started meanwhile has to know the handle for writes that are sent again, and for locks.
        const hasLocks = locks.areThrough(request.handle);
        const closing = behind.isWritten(request.node) ? close() : behind.written(request.node).then(close);
        if (hasLocks) locks.closing(request.node, closing);
        return undefined;
      }
      session.handles.remove(request.handle);
      opening.cancel();
      await opening.done;
      // It was open after all, by the time it was given up.
      if (session.handles.find(request.handle) === undefined) return undefined;
      session.handles.remove(request.handle);
      return bodyOf(await ask(name, request, context));
    };

  const lister =
    (name: "readdir" | "readdirplus"): AnyOperation =>
    async (request: ReaddirRequest, context: CallContext) => {
      // Attributes that are told without a lease are true for the call that asked for them, and no later one.
      const ahead = cache.active || name === "readdir";
      const known = ahead ? knownListing(request) : undefined;
      if (known !== undefined) return believable(known, name, request, context);
      // With leases, who lists a directory gets the attributes with it: most programs ask for them next, one by one.
      const operation = cache.active ? "readdirplus" : name;
      const size = ahead ? Math.max(request.size, listingBytes) : request.size;
      await session.handles.ready(request.handle, context);
      const asked = cache.ask();
      const answer = await ask(operation, { ...request, size }, context);
      const reply = bodyOf(answer) as ReaddirReply;
      const isWhole = answer.leased && request.offset === 0n && reply.end;
      const handle = session.handles.find(request.handle);
      if (handle !== undefined) handle.listing = new Listing(reply, isWhole ? asked : undefined);
      return believable(reply, name, request, context);
    };

  const knownListing = ({ node, handle, offset }: ReaddirRequest): ReaddirReply | undefined => {
    const listing = session.handles.find(handle)?.listing;
    if (offset > 0n) return listing?.after(offset);
    return cache.mayAnswerReads ? listing?.all(node, cache) : undefined;
  };

  /** As much of a listing as was asked for, and of its attributes what still may be believed. */
  const believable = (
    { entries, end }: ReaddirReply,
    name: "readdir" | "readdirplus",
    { node, size }: ReaddirRequest,
    { caller }: CallContext,
  ): ReaddirReply => {
    if (name === "readdir" || !cache.active) return { entries, end };
    const fitting = entries.slice(0, Math.ceil(size / direntPlusBytesMin));
    return {
      end: end && fitting.length === entries.length,
      entries: fitting.map(({ entry: _, ...entry }) => {
        const found = cache.lookup({ parent: node, name: entry.name }, caller);
        return found === undefined || found === "absent" ? entry : { ...entry, entry: found };
      }),
    };
  };

  const special: Partial<Record<OperationName, AnyOperation>> = {
    open: (request, context) => opener("open")(request, context),
    create: (request, context) => opener("create")(request, context),
    tmpfile: (request, context) => opener("tmpfile")(request, context),
    opendir,
    release: releaser("release"),
    releasedir: releaser("releasedir"),
    readdir: lister("readdir"),
    readdirplus: lister("readdirplus"),
    async read(request: ReadRequest, context: CallContext) {
      session.handles.check(request.handle);
      // A write that was answered here may be unknown to the cache for a moment.
      await behind.written(request.node, context);
      const data = contents.read(request);
      return data === undefined ? await forward("read")(request as never, context) : { data };
    },
    async write(request: WriteRequest, context: CallContext) {
      session.handles.check(request.handle);
      return await behind.write(answersAhead ? request : { ...request, ahead: false }, context);
    },
    async flush(request: FlushRequest, context: CallContext) {
      const { node, handle: number, lockOwner: _, ...rest } = request;
      // The locks go even where there is something to tell.
      const [written] = await Promise.allSettled([behind.written(node, context), locks.flush(request, context)]);
      if (written.status === "rejected") throw written.reason;
      // Beyond that a close has news only where the backing file system makes it tell some, of what was written.
      const handle = session.handles.find(number);
      const isWritable = handle === undefined || (handle.flags & O_ACCMODE) !== O_RDONLY;
      if (session.closeReports && isWritable)
        await forward("flush")({ ...rest, node, handle: number } as never, context);
      behind.checkClose(number);
    },
    async getlk(request: GetlkRequest, context: CallContext) {
      return await locks.getlk(request, context);
    },
    async setlk(request: SetlkRequest, context: CallContext) {
      await locks.setlk(request, context);
    },
    async fsync(request: FsyncRequest, context: CallContext) {
      await forward("fsync")(request as never, context);
      behind.check(request.handle);
    },
    async getattr(request: GetattrRequest, context: CallContext) {
      if (request.node !== root.node) return await forward("getattr")(request as never, context);
      const reply = await whileAway("getattr", { node: root.node }, context, () => ({ attr: rootAttr }));
      rootAttr = (reply as { attr: Attr }).attr;
      return reply;
    },
    async getxattr(request: XattrRequest, context: CallContext) {
      if (request.node !== root.node) return await forward("getxattr")(request as never, context);
      const reply = await whileAway("getxattr", request, context, () => (rootAttr.noXattrs ? noXattrs : undefined));
      if (reply === noXattrs) throw new FsError("ENODATA", "no such attribute, when the server was there last");
      return reply;
    },
    async listxattr(request: NodeRequest, context: CallContext) {
      if (request.node !== root.node) return await forward("listxattr")(request as never, context);
      return await whileAway("listxattr", request, context, () => (rootAttr.noXattrs ? noXattrs : undefined));
    },
    async statfs(request: NodeRequest, context: CallContext) {
      lastStatFs = (await whileAway("statfs", request, context, () => lastStatFs)) as StatFs;
      return lastStatFs;
    },
  };

  const fileSystem: Record<string, unknown> = { root: async () => ({ node: root.node, attr: rootAttr }) };
  for (const name of operationNames) {
    if (name === "forget" || operations[name].lane === "local") fileSystem[name] = async () => {};
    else fileSystem[name] = special[name] ?? forward(name);
  }
  const built = fileSystem as unknown as FileSystem;
  // Known from the start, so that df has an answer even if the server goes away before anybody asked.
  built.statfs({ node: root.node }, rootContext()).catch((error: unknown) => {
    if (!(error instanceof FsError)) throw error;
  });
  return built;
}

/**
 * Asks the server, and answers from memory once it is away, also if it went away after it was asked. The call that nobody waits
 * for then is taken back, unless `onAway` takes it: whoever looks at all mounts every second would fill the session with such
 * calls.
 */
async function answerWhileAway(
  session: RemoteSession,
  context: CallContext,
  remembered: () => object | undefined,
  ask: (own: CallContext) => Promise<unknown>,
  onAway?: (asked: Promise<unknown>, own: CallContext) => void,
): Promise<unknown> {
  const own = new CallContext(context.caller);
  const asked = ask(own);
  for (;;) {
    const answer = await within(awayAnswerMs, asked);
    if (answer !== undefined) return answer;
    if (session.connected) continue;
    const known = remembered();
    if (known === undefined && !context.aborted) continue;
    if (onAway !== undefined && known !== undefined) {
      onAway(asked, own);
      return known;
    }
    own.abort();
    if (known === undefined) return await asked;
    asked.catch(() => {});
    return known;
  }
}

async function within(timeMs: number, asked: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeMs);
  });
  try {
    return await Promise.race([asked, waited]);
  } finally {
    clearTimeout(timer);
  }
}
