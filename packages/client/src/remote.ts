import {
  type AnyOperation,
  type Attr,
  type CallContext,
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
    (request: object, context: CallContext) => {
      session.handles.check((request as { handle?: HandleId }).handle);
      const bytes = name === "write" ? (request as WriteRequest).data.length : 0;
      return session.call(name, request, context, bytes);
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

  const special: Partial<Record<OperationName, AnyOperation>> = {
    open: opener("open"),
    opendir: opener("opendir"),
    create: opener("create"),
    release: releaser("release"),
    releasedir: releaser("releasedir"),
    async flush(request: HandleRequest, context: CallContext) {
      // Nothing is held back at the client, so a close has news only where the backing file system makes it tell some.
      if (session.closeReports) await forward("flush")(request as never, context);
    },
    async getattr(request: GetattrRequest, context: CallContext) {
      if (request.node !== root.node) return await forward("getattr")(request as never, context);
      const remembered = (): object => ({ attr: rootAttr });
      const reply = (await answerWhileAway(session, remembered, () =>
        forward("getattr")(request as never, context),
      )) as {
        attr: Attr;
      };
      rootAttr = reply.attr;
      return reply;
    },
    async statfs(request: NodeRequest, context: CallContext) {
      const reply = await answerWhileAway(
        session,
        () => lastStatFs,
        () => forward("statfs")(request as never, context),
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

async function answerWhileAway(
  session: RemoteSession,
  remembered: () => object | undefined,
  ask: () => Promise<unknown>,
): Promise<unknown> {
  const asked = ask();
  if (session.connected) return await asked;
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), awayAnswerMs);
  });
  try {
    const first = await Promise.race([asked, waited]);
    if (first !== undefined) return first;
  } finally {
    clearTimeout(timer);
  }
  const answer = session.connected ? undefined : remembered();
  if (answer === undefined) return await asked;
  asked.catch(() => {});
  return answer;
}
