import {
  CallContext,
  ChangeTracker,
  type Entry,
  type Finding,
  FsError,
  findingsOf,
  type Logger,
  type NodeId,
  O_ACCMODE,
  O_APPEND,
  O_DSYNC,
  O_RDONLY,
  O_TRUNC,
  toFsError,
  type WriteReply,
  type WriteRequest,
} from "@kedgefs/core";
import { isRecovery } from "@kedgefs/rpc";
import { type Answer, type Ask, bodyOf } from "./ask.ts";
import type { ClientHandle, ClientHandles } from "./client-handles.ts";
import { WriteWindow } from "./write-window.ts";

/** Writes that end beyond it wait for their answer: a file system that can't hold as much says so at once (EFBIG). */
const aheadEndMax = 1n << 40n;

/** Files of which it is remembered that their writes may be answered here. */
const filesMax = 1_024;

/** What a WriteBehind needs of its session. */
export interface WriteBehindSession {
  readonly handles: ClientHandles;
  readonly connected: boolean;
  readonly leaseTerms: { readonly leaseMs: number };
  readonly logger: Logger;
  /** Sends what nobody was in a hurry for. */
  flush(): void;
}

/** A write that was answered and has not reached the server yet, as far as is known here. */
interface AheadWrite {
  readonly offset: bigint;
  /** The first byte after it. */
  readonly end: bigint;
  /** Never rejects. */
  readonly done: Promise<void>;
}

interface WrittenFile {
  /** Until when its writes may be answered here, by performance.now(). */
  untilMs: number;
  readonly ahead: Set<AheadWrite>;
}

/**
 * Answers writes before the server has, of files that the server says nobody else has to do with (docs/adr/0010). They are on
 * their way at once; as many as the link carries in a moment (WriteWindow), then a write waits for one that went before. Whatever
 * else this client asks of the file waits until they are there, so that nobody here can tell the difference; when others look at
 * the file, the server recalls it, and hears that it is done when they are there.
 *
 * A write that fails so is told by the next write, flush or fsync of each handle that was open for writing then.
 */
export class WriteBehind {
  readonly #next: Ask;
  readonly #session: WriteBehindSession;
  readonly #files = new Map<NodeId, WrittenFile>();
  readonly #window = new WriteWindow();
  /** Of files whose writes were answered here, and of recalls. */
  readonly #changes = new ChangeTracker<NodeId>();
  readonly #recalls = new ChangeTracker<NodeId>();
  /** Give up what waits, where its caller is interrupted and the server is away; to be called when it goes. */
  readonly #waiting = new Set<() => void>();

  constructor(next: Ask, session: WriteBehindSession) {
    this.#next = next;
    this.#session = session;
  }

  /** Bytes of writes that were answered and may not have reached the server. */
  get bytesAhead(): number {
    return this.#window.bytes;
  }

  /** Asks the server for anything but a write, so that it answers as if all writes that were answered had been made. */
  readonly ask: Ask = async (operation, request, context, bytes) => {
    if (this.#files.size === 0) return await this.#next(operation, request, context, bytes);
    const { node, newNode, flags = 0 } = request as { node?: NodeId; newNode?: NodeId; flags?: number };
    // What takes something back has to be done, whether or not anybody waits for it.
    const interruptible = operation === "release" || operation === "releasedir" ? undefined : context;
    if (node !== undefined) await this.written(node, interruptible);
    // Which file it may find and truncate is not known.
    else if (operation === "create" && (flags & O_TRUNC) !== 0) await this.#allWritten(context);
    if (newNode !== undefined) await this.written(newNode, context);
    const stamp = this.#changes.stamp();
    const answer = await this.#next(operation, request, context, bytes);
    // An immutable file refuses writes through handles that are open already.
    if (operation === "setInodeFlags" && node !== undefined) void this.recalled(node);
    if (isRecovery(operation) || answer.error !== undefined || answer.body === undefined) return answer;
    const findings = findingsOf(operation, request, answer.body);
    const overtaken = findings.flatMap(({ entry }: Finding) =>
      entry === undefined || this.#changes.mayKeep(entry.node, stamp) ? [] : [entry],
    );
    return overtaken.length === 0 ? answer : await this.#refreshed(answer, overtaken, context);
  };

  /** Throws what a write that was answered has failed with, once for each handle. */
  check(number: ClientHandle["number"]): void {
    const handle = this.#session.handles.find(number);
    const error = handle?.writeError;
    if (handle === undefined || error === undefined) return;
    delete handle.writeError;
    throw error;
  }

  /** Throws the same for a close, which may be a child's that has inherited the handle: it takes no news from who wrote. */
  checkClose(number: ClientHandle["number"]): void {
    const error = this.#session.handles.find(number)?.writeError;
    if (error !== undefined) throw error;
  }

  /** Whether nothing that was answered of a file's writes is still to come. */
  isWritten(node: NodeId): boolean {
    return (this.#files.get(node)?.ahead.size ?? 0) === 0;
  }

  async write(request: WriteRequest, context: CallContext): Promise<WriteReply> {
    const { node, offset, data } = request;
    const end = offset + BigInt(data.length);
    this.check(request.handle);
    for (;;) {
      const file = this.#files.get(node);
      if (file === undefined || !this.#mayAnswer(file, request, end)) break;
      const before = overlapped(file.ahead, offset, end);
      if (before === undefined && this.#window.hasRoomFor(data.length))
        return this.#answer(file, request, end, context);
      this.#session.flush();
      await this.#settled(before?.done ?? this.#window.room(), context);
      this.check(request.handle);
    }
    await this.written(node, context);
    this.check(request.handle);
    return await this.#writeThrough(request, end, context);
  }

  /**
   * Settles when what was answered of a file's writes by now is at the server, or has failed. Rejects with EINTR where the caller
   * is interrupted while the server is away.
   */
  async written(node: NodeId, context?: CallContext): Promise<void> {
    const file = this.#files.get(node);
    if (file === undefined || file.ahead.size === 0) return;
    this.#session.flush();
    await this.#settled(Promise.all([...file.ahead].map(({ done }) => done)), context);
  }

  /**
   * The server takes back what it granted on a node, or with undefined on all. Settles when the writes are there; undefined where
   * they are.
   */
  recalled(node: NodeId | undefined): Promise<unknown> | undefined {
    if (node === undefined) this.#recalls.noteAll();
    else this.#recalls.note(node);
    for (const giveUp of this.#waiting) giveUp();
    const nodes = node === undefined ? [...this.#files.keys()] : [node];
    const waiting: Promise<void>[] = [];
    for (const each of nodes) {
      const file = this.#files.get(each);
      if (file === undefined) continue;
      file.untilMs = Number.NEGATIVE_INFINITY;
      if (file.ahead.size === 0) this.#files.delete(each);
      else waiting.push(this.written(each));
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  async #allWritten(context: CallContext): Promise<void> {
    await Promise.all([...this.#files.keys()].map((node) => this.written(node, context)));
  }

  async #settled(done: Promise<unknown>, context?: CallContext): Promise<void> {
    if (context === undefined) {
      await done;
      return;
    }
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => {
      if (context.aborted && !this.#session.connected)
        reject(new FsError("EINTR", "interrupted while the server was away"));
    };
    const { signal } = context;
    signal.addEventListener("abort", giveUp, { once: true });
    this.#waiting.add(giveUp);
    giveUp();
    try {
      await Promise.race([done, givenUp]);
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#waiting.delete(giveUp);
    }
  }

  #mayAnswer(file: WrittenFile, { handle: number, ahead }: WriteRequest, end: bigint): boolean {
    if (ahead !== true || performance.now() >= file.untilMs || end > aheadEndMax || !this.#session.connected)
      return false;
    const { flags, lost } = this.#session.handles.find(number) ?? { flags: O_RDONLY };
    return lost === undefined && (flags & O_ACCMODE) !== O_RDONLY && (flags & (O_APPEND | O_DSYNC)) === 0;
  }

  async #writeThrough(request: WriteRequest, end: bigint, context: CallContext): Promise<WriteReply> {
    const { ahead = false, ...body } = request;
    const recalls = this.#recalls.stamp();
    const sentMs = performance.now();
    const answer = await this.#next("write", body, context, body.data.length);
    const reply = bodyOf(answer) as WriteReply;
    if (ahead && answer.leased && end <= aheadEndMax) this.#granted(request.node, sentMs, recalls);
    return reply;
  }

  #granted(node: NodeId, sentMs: number, recalls: number): void {
    if (!this.#recalls.mayKeep(node, recalls)) return;
    const untilMs = sentMs + this.#session.leaseTerms.leaseMs;
    const file = this.#files.get(node);
    if (file !== undefined) {
      file.untilMs = Math.max(file.untilMs, untilMs);
      return;
    }
    if (this.#files.size >= filesMax) this.#dropOne();
    this.#files.set(node, { untilMs, ahead: new Set() });
  }

  #dropOne(): void {
    for (const [node, { ahead }] of this.#files) {
      if (ahead.size > 0) continue;
      this.#files.delete(node);
      return;
    }
  }

  #answer(file: WrittenFile, request: WriteRequest, end: bigint, { caller }: CallContext): WriteReply {
    const { ahead: _, ...body } = request;
    const { node, offset, data } = body;
    const recalls = this.#recalls.stamp();
    const change = this.#changes.begin([node]);
    const sentMs = performance.now();
    const size = data.length;
    this.#window.sent(size);
    const send = async (): Promise<void> => {
      try {
        if (await this.#writeAll(body, new CallContext(caller))) this.#granted(node, sentMs, recalls);
      } catch (error) {
        // From now on each write is told its own error, until one succeeds.
        file.untilMs = Number.NEGATIVE_INFINITY;
        this.#recalls.note(node);
        this.#failed(
          body,
          toFsError(error, () => {}),
        );
      }
      this.#window.answered(size, performance.now() - sentMs);
      this.#changes.end(change);
      file.ahead.delete(write);
      if (file.ahead.size === 0 && performance.now() >= file.untilMs && this.#files.get(node) === file) {
        this.#files.delete(node);
      }
    };
    // `done` is needed before `send` can be begun, which ends by taking the write out of the set.
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const write: AheadWrite = { offset, end, done };
    file.ahead.add(write);
    // The answer goes first: whoever waits for it makes the next write meanwhile.
    process.nextTick(() => void send().then(resolve));
    return { size, dataNeeded: done };
  }

  /**
   * A file system that is full takes the first part of a write, and says what is wrong of the rest. Returns whether the next writes
   * may be answered here.
   */
  async #writeAll(body: WriteRequest, context: CallContext): Promise<boolean> {
    const { offset, data } = body;
    for (let made = 0; ; ) {
      const rest = made === 0 ? body : { ...body, offset: offset + BigInt(made), data: data.subarray(made) };
      const answer = await this.#next("write", rest, context, rest.data.length, true);
      const { size } = bodyOf(answer) as WriteReply;
      made += size;
      if (made === data.length) return answer.leased;
      if (size <= 0 || made > data.length) throw new FsError("EIO", `the server wrote ${made} of ${data.length} bytes`);
    }
  }

  #failed({ node, offset, data }: WriteRequest, error: FsError): void {
    this.#session.logger.error("a write that a program takes for made has failed; its next fsync or close says so", {
      error: `${error.code}: ${error.message}`,
      offset: String(offset),
      bytes: String(data.length),
    });
    for (const handle of this.#session.handles.all()) {
      if (handle.node === node && (handle.flags & O_ACCMODE) !== O_RDONLY) handle.writeError ??= error;
    }
  }

  /** An answer whose attributes are of before writes that were answered here by then. */
  async #refreshed(answer: Answer, overtaken: readonly Entry[], context: CallContext): Promise<Answer> {
    for (const entry of overtaken) {
      try {
        await this.written(entry.node, context);
        const { attr } = bodyOf(await this.#next("getattr", { node: entry.node }, context)) as Pick<Entry, "attr">;
        Object.assign(entry, { attr });
      } catch {
        // What was asked is done all the same: its attributes are those of then, and nobody may go on believing them.
        Object.assign(entry, { leasedUntilMs: undefined });
      }
    }
    return answer;
  }
}

function overlapped(writes: Iterable<AheadWrite>, offset: bigint, end: bigint): AheadWrite | undefined {
  for (const write of writes) if (write.offset < end && offset < write.end) return write;
  return undefined;
}
