import {
  type AnyOperation,
  type Attr,
  CallContext,
  type CreateReply,
  type CreateRequest,
  type Entry,
  type FileSystem,
  FsError,
  type GetattrRequest,
  type HandleId,
  type HandleRequest,
  type NodeRequest,
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
  rootContext,
  type StatFs,
  type WriteRequest,
} from "@kedgefs/core";
import type { RemoteSession } from "./remote-session.ts";

/** How long the root's attributes and statfs wait for a server that is away, before the last known ones are the answer. */
const awayAnswerMs = 1_000;

type Opener = "open" | "opendir" | "create";

/**
 * The FileSystem at the other end of a session.
 *
 * While the server is away every call waits, but for two: the attributes of the root and statfs are answered from memory, so
 * that `ls /`, `df` and whatever else walks over all mounts does not hang.
 */
export function remote(session: RemoteSession): FileSystem {
  let rootAttr: Attr = session.root.attr;
  let lastStatFs: StatFs | undefined;
  const { root } = session;

  const forward =
    (name: Exclude<OperationName, "forget">): AnyOperation =>
    async (request: object, context: CallContext) => {
      session.handles.check((request as { handle?: HandleId }).handle);
      const bytes = name === "write" ? (request as WriteRequest).data.length : 0;
      return await session.call(name, request, context, bytes);
    };

  const opener =
    (name: Opener): AnyOperation =>
    async (request: OpenRequest | CreateRequest, context: CallContext) => {
      const number = session.handles.next();
      const reply = await session.call(name, { ...request, handle: number }, context);
      const { ticket, ...entry } = reply as { ticket: Uint8Array } & Partial<Entry>;
      const flags = name === "opendir" ? O_RDONLY : request.flags & ~(O_CREAT | O_EXCL | O_TRUNC);
      session.handles.add({
        number,
        node: entry.node ?? (request as OpenRequest).node,
        flags,
        directory: name === "opendir",
        ticket,
        caller: context.caller,
      });
      return { ...entry, handle: number } as CreateReply;
    };

  const releaser =
    (name: "release" | "releasedir"): AnyOperation =>
    async (request: { handle: HandleId }, context: CallContext) => {
      session.handles.remove(request.handle);
      return await session.call(name, request, context);
    };

  const lister =
    (name: "readdir" | "readdirplus"): AnyOperation =>
    async (request: ReaddirRequest, context: CallContext) => {
      const handle = session.handles.find(request.handle);
      // The kernel asks once more after the last entry. What was made since may be missing from a listing (readdir(3)), and
      // who rewinds asks from 0.
      if (handle?.endOffset !== undefined && handle.endOffset === request.offset) return { entries: [], end: true };
      const reply = (await forward(name)(request as never, context)) as ReaddirReply;
      const last = reply.entries.at(-1);
      if (handle !== undefined && last !== undefined && reply.end) handle.endOffset = last.offset;
      return reply;
    };

  const special: Partial<Record<OperationName, AnyOperation>> = {
    open: opener("open"),
    opendir: opener("opendir"),
    create: opener("create"),
    release: releaser("release"),
    releasedir: releaser("releasedir"),
    readdir: lister("readdir"),
    readdirplus: lister("readdirplus"),
    async flush(request: HandleRequest, context: CallContext) {
      // Nothing is held back at the client, so a close has news only where the backing file system makes it tell some.
      if (session.closeReports) await forward("flush")(request as never, context);
    },
    async getattr(request: GetattrRequest, context: CallContext) {
      if (request.node !== root.node) return await forward("getattr")(request as never, context);
      const remembered = (): object => ({ attr: rootAttr });
      const reply = (await answerWhileAway(session, context, remembered, (own) =>
        forward("getattr")(request as never, own),
      )) as {
        attr: Attr;
      };
      rootAttr = reply.attr;
      return reply;
    },
    async statfs(request: NodeRequest, context: CallContext) {
      const reply = await answerWhileAway(
        session,
        context,
        () => lastStatFs,
        (own) => forward("statfs")(request as never, own),
      );
      lastStatFs = reply as StatFs;
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
 * for then is taken back: whoever looks at all mounts every second would fill the session with such calls.
 */
async function answerWhileAway(
  session: RemoteSession,
  context: CallContext,
  remembered: () => object | undefined,
  ask: (own: CallContext) => Promise<unknown>,
): Promise<unknown> {
  const own = new CallContext(context.caller);
  const asked = ask(own);
  for (;;) {
    const answer = await within(awayAnswerMs, asked);
    if (answer !== undefined) return answer;
    if (session.connected) continue;
    const known = remembered();
    if (known === undefined && !context.aborted) continue;
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
