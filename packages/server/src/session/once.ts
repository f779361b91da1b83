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
  type WriteReply,
  type WriteRequest,
} from "@kedgefs/core";
import type { WireRequest } from "@kedgefs/rpc";
import type { Intend } from "../local/intending.ts";
import type { Journal, JournalEntry, Outcome } from "../state/journal.ts";
import { appendedBytes } from "./appended-bytes.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { wasDone } from "./settle.ts";

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

  /** Appends of all sessions, by file: where a file ends is known only while nobody else appends to it. */
  readonly #appends: KeyedQueue<NodeId>;

  constructor(
    session: string,
    journal: Journal,
    fileSystem: FileSystem,
    run: Run,
    appends: KeyedQueue<NodeId> = new KeyedQueue(),
  ) {
    this.#session = session;
    this.#appends = appends;
    this.#journal = journal;
    this.#fileSystem = fileSystem;
    this.#run = run;
    this.#earlier = new Map(journal.sessions.get(session)?.entries);
  }

  /** Whether a request was begun in an earlier life of the server. */
  isFromBefore(request: number): boolean {
    return this.#earlier.has(request);
  }

  async run(request: WireRequest, context: CallContext): Promise<unknown> {
    if (request.operation === "write") {
      return await this.#appends.run((request.body as WriteRequest).node, () => this.#append(request, context));
    }
    const earlier = this.#earlier.get(request.id);
    if (earlier !== undefined) {
      if (earlier.outcome !== undefined) return await this.#answerAgain(request, earlier.outcome);
      const done = await wasDone(this.#fileSystem, request, earlier, this.#journal.openedMs);
      if (done !== false) {
        const outcome: Outcome = typeof done === "object" ? { node: done.node } : {};
        this.#journal.outcome(this.#session, request.id, outcome);
        return await this.#answerAgain(request, outcome);
      }
    }
    let intended = false;
    const intend: Intend = (found) => {
      this.#journal.intent(this.#session, request.id, found);
      intended = true;
    };
    let reply: unknown;
    try {
      reply = await this.#run({ ...request, body: { ...request.body, intend } }, context);
    } catch (error) {
      // Otherwise nothing was changed, in this life or an earlier one, and the next may try again.
      if (intended || earlier !== undefined) this.#journal.outcome(this.#session, request.id, failure(error));
      throw error;
    }
    if (!intended) throw new Error(`${request.operation} was made without having been written down`);
    const node = makesEntry.has(request.operation) ? (reply as Entry).node : undefined;
    this.#journal.outcome(this.#session, request.id, node === undefined ? {} : { node });
    return reply;
  }

  /** An fsync or flush: the kernel tells of a failed write once, so the failure is written down before it is told. */
  async report(request: WireRequest, context: CallContext): Promise<unknown> {
    const errno = this.#earlier.get(request.id)?.outcome?.errno;
    if (errno !== undefined) throw new FsError(errno);
    try {
      return await this.#run(request, context);
    } catch (error) {
      this.#journal.intent(this.#session, request.id, []);
      this.#journal.outcome(this.#session, request.id, failure(error));
      this.#journal.flush();
      throw error;
    }
  }

  /** A write through a handle with O_APPEND. `body.node` is the handle's. */
  async #append(request: WireRequest, context: CallContext): Promise<unknown> {
    const body = request.body as WriteRequest;
    const earlier = this.#earlier.get(request.id);
    const { length } = body.data;
    if (earlier?.outcome?.errno !== undefined) throw new FsError(earlier.outcome.errno, earlier.outcome.message);
    if (earlier?.outcome !== undefined) return { size: earlier.outcome.size ?? length } satisfies WriteReply;
    let done =
      earlier?.end === undefined ? 0 : await appendedBytes(this.#fileSystem, body.node, earlier.end, body.data);
    if (done < length) {
      const { attr } = await this.#fileSystem.getattr({ node: body.node }, rootContext());
      // Should this server die as well, the next one compares the whole append again.
      const end = done === 0 ? attr.size : (earlier?.end ?? attr.size);
      this.#journal.intent(this.#session, request.id, [], end);
      try {
        const rest = { ...request, body: { ...body, data: body.data.subarray(done) } };
        done += ((await this.#run(rest, context)) as WriteReply).size;
      } catch (error) {
        if (done === 0) {
          this.#journal.outcome(this.#session, request.id, failure(error));
          throw error;
        }
      }
    }
    this.#journal.outcome(this.#session, request.id, done < length ? { size: done } : {});
    // Other writes to the file are not written down.
    this.#journal.flush();
    return { size: done } satisfies WriteReply;
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

function failure(error: unknown): Outcome {
  const { code, message } = toFsError(error, () => {});
  return { errno: code, message };
}
