import {
  type CallContext,
  type CreateReply,
  type CreateRequest,
  type Entry,
  type FileSystem,
  FsError,
  type NodeId,
  O_CREAT,
  O_EXCL,
  O_TRUNC,
  type OperationName,
  rootContext,
  toFsError,
} from "@kedgefs/core";
import type { WireRequest } from "@kedgefs/rpc";
import type { Journal, JournalEntry, Outcome } from "../state/journal.ts";
import { takeWitness, wasDone } from "./settle.ts";

export type Run = (request: WireRequest, context: CallContext) => Promise<unknown>;

/** Operations whose reply is an Entry. The others answer nothing, but create, which answers a handle too. */
const makesEntry: ReadonlySet<string> = new Set<OperationName>(["mkdir", "mknod", "symlink", "link", "create"]);

/** Runs `once` operations so that each takes effect once, though the server may be killed at any moment and asked again. */
export class OnceRunner {
  readonly #session: string;
  readonly #journal: Journal;
  readonly #fileSystem: FileSystem;
  readonly #run: Run;
  /** Entries from before this server's life. */
  readonly #earlier: ReadonlyMap<number, JournalEntry>;

  constructor(session: string, journal: Journal, fileSystem: FileSystem, run: Run) {
    this.#session = session;
    this.#journal = journal;
    this.#fileSystem = fileSystem;
    this.#run = run;
    this.#earlier = new Map(journal.sessions.get(session)?.entries);
  }

  async run(request: WireRequest, context: CallContext): Promise<unknown> {
    const earlier = this.#earlier.get(request.id);
    if (earlier !== undefined) {
      if (earlier.outcome !== undefined) return await this.#answerAgain(request, earlier.outcome);
      const done = await wasDone(this.#fileSystem, request, earlier);
      if (done !== false) {
        const outcome: Outcome = typeof done === "object" ? { node: done.node } : {};
        this.#journal.outcome(this.#session, request.id, outcome);
        return await this.#answerAgain(request, outcome);
      }
    }
    const witness = await takeWitness(this.#fileSystem, request);
    this.#journal.intent(this.#session, request.id, witness);
    let reply: unknown;
    try {
      reply = await this.#run(request, context);
    } catch (error) {
      const { code, message } = toFsError(error, () => {});
      this.#journal.outcome(this.#session, request.id, { errno: code, message });
      throw error;
    }
    const node = makesEntry.has(request.operation) ? (reply as Entry).node : undefined;
    this.#journal.outcome(this.#session, request.id, node === undefined ? {} : { node });
    return reply;
  }

  /** The answer that the client did not get, from how the operation ended. */
  async #answerAgain(request: WireRequest, { errno, message, node }: Outcome): Promise<unknown> {
    if (errno !== undefined) throw new FsError(errno, message);
    if (!makesEntry.has(request.operation)) return {};
    const entry = await this.#entryOf(node as NodeId);
    if (request.operation !== "create") return entry;
    const { flags } = request.body as CreateRequest;
    const { handle } = await this.#fileSystem.open(
      { node: entry.node, flags: flags & ~(O_CREAT | O_EXCL | O_TRUNC), reopen: true },
      rootContext(),
    );
    return { ...entry, handle } satisfies CreateReply;
  }

  async #entryOf(node: NodeId): Promise<Entry> {
    const { attr } = await this.#fileSystem.getattr({ node }, rootContext());
    return { node, attr };
  }
}
