import { setTimeout as delay } from "node:timers/promises";
import {
  type Attr,
  type AttrReply,
  ChangeTracker,
  type Entry,
  isDirectory,
  isRegular,
  type NodeId,
  type OperationName,
} from "@kedgefs/core";
import type { Call } from "./calls.ts";
import { isTold } from "./coherence.ts";
import { Listing, Listings } from "./listings.ts";
import type { NodeRecord, NodeTable } from "./node-table.ts";
import { Tellings } from "./tellings.ts";

/** The kernel counts in jiffies, rounds up, and starts to count when the waiting thread runs: it may believe for longer by this. */
const kernelSlackMs = 1_000;
/** Less is not worth telling, milliseconds. */
const worthMs = 10;
const retryMs = 1;
const setIdBits = 0o6000;
/** Requests that the kernel may keep back and send in a thread's name later: they say nothing of what the thread does. */
const background: ReadonlySet<OperationName> = new Set<OperationName>(["read", "write", "release", "releasedir"]);

/** For how long the kernel may believe what is being told, milliseconds; asking notes that it is told. */
export interface Believe {
  attrMs(node: NodeId, reply: AttrReply): number;
  nameMs(entry: Entry): number;
}

/** How the kernel is told to forget. */
export interface BeliefParts {
  readonly nodes: NodeTable;
  /** Whether it checks permission itself, for which it asks for attributes. */
  readonly kernelChecks: boolean;
  /** Makes it drop a node's attributes, and says whether it knew the node. */
  readonly dropAttributes: (nodeid: number) => Promise<boolean>;
  /** Makes it drop all names. False where that may not be done. */
  readonly dropNames: () => Promise<boolean>;
  /** Asks the FileSystem for attributes; undefined where it has none. */
  readonly ask: (node: NodeId) => Promise<AttrReply | undefined>;
}

/**
 * Attributes and names that the kernel may use without asking, because the FileSystem holds a lease on them, and how it is made
 * to stop. Functions that are named are those of Linux's fs/fuse.
 *
 * Attributes: only answers to LOOKUP and GETATTR carry such a time. There the kernel drops an answer that an invalidation has
 * overtaken (its attr_version); for the others it does not look. An answer may have left us and not be worked in yet, for a node
 * that is new to the kernel; the invalidation then finds no such inode (ENOENT) and is sent again until it does, or until the
 * kernel forgets the node.
 *
 * An answer that is dropped so is lost for a read or a seek that asked for it: it goes on with the size and the pages of before,
 * though the answer told of a change that was over by then. So of a file that is open nothing is told that would have to be
 * invalidated; its reads ask, and are answered from memory.
 *
 * Names: taking back one (NOTIFY_INVAL_ENTRY) waits for the directory's lock, which a call of another program may hold that
 * waits for us. Counting up the kernel's epoch waits for nothing: every name that it took from an answer to a request of before
 * is looked up again, which is answered here. Without epochs (before Linux 6.16) names get no time.
 *
 * Names in an answer to READDIRPLUS belong to the epoch in which they are worked in (fuse_direntplus_link), be it one that was
 * counted up after the answer. So a recall counts up at once, waits until answers that it found on their way are worked in
 * (Listings) or have run out, and counts up once more. Changes by this machine need not: what changes names in a directory, or
 * who may search it, holds its lock (i_rwsem) for as long as the request takes, and so does READDIRPLUS from before the request
 * until its answer is worked in (iterate_dir).
 */
export class Beliefs {
  /** Whether the kernel has epochs, and may be told names. */
  believesNames = false;
  readonly #parts: BeliefParts;
  readonly #recalls = new ChangeTracker<NodeId>();
  readonly #listings = new Listings();
  readonly #tellings = new Tellings();

  constructor(parts: BeliefParts) {
    this.#parts = parts;
  }

  /** To be taken when a call begins. */
  stamp(): number {
    return this.#recalls.stamp();
  }

  /** To be told of each request that the kernel sends. */
  requested(call: Call): void {
    if (!background.has(call.row.operation)) this.#tellings.requested(call.pid);
    this.#listings.requested(call);
  }

  /** For encoding the answer to a call. */
  during({ row, request, stamp, pid }: Call): Believe {
    const directory = row.namesIn?.(request);
    const tellsNames = this.believesNames && directory !== undefined && this.#recalls.mayKeep(directory, stamp);
    const handle = row.lists?.(request);
    const listing = tellsNames && handle !== undefined ? new Listing(directory, handle, pid) : undefined;
    if (listing !== undefined) this.#listings.add(listing);
    const thread = handle === undefined ? pid : 0;
    return {
      attrMs: (node, reply) => (row.attrBelievable ? this.#attrMs(node, stamp, reply, thread) : 0),
      nameMs: ({ leasedUntilMs }) => (tellsNames ? this.#nameMs(directory, leasedUntilMs, listing) : 0),
    };
  }

  /** The lease on a node, or with undefined on all, is taken back. Settles when the kernel believes none of it. */
  recall(node: NodeId | undefined): Promise<unknown> | undefined {
    if (node === undefined) this.#recalls.noteAll();
    else this.#recalls.note(node);
    const records = node === undefined ? this.#parts.nodes.all() : this.#records([node]);
    const arrived = allOf(this.#listings.of(node).map((listing) => listing.wait()));
    return allOf([...records.map((record) => this.#takeAttributes(record)), this.#takeNames(records, arrived)]);
  }

  /**
   * A call of this machine is about to change names in these directories; while it is under way the FileSystem grants nothing on
   * them. Settles when the kernel believes nothing of what was granted before.
   *
   * With the answer the kernel forgets the attributes of a directory, but does not count up its attr_version (fuse_dir_changed):
   * those of before, which another thread was given and works in only then, would be believed again. Where all threads have worked
   * in what they were given, there is nothing to do.
   */
  changing(directories: readonly NodeId[]): Promise<unknown> | undefined {
    return allOf(
      this.#records(directories).map((record) =>
        this.#tellings.areWorkedIn(record) ? record.disbelieving : this.#takeAttributes(record),
      ),
    );
  }

  /** A call of this machine has changed who may search a directory. Settles when the kernel lets nobody pass whom it can't check. */
  permitted(directory: NodeId): Promise<unknown> | undefined {
    return this.#parts.kernelChecks ? undefined : this.#takeNames(this.#records([directory]));
  }

  /**
   * A file was opened, for which the FileSystem has looked at it: what a process of the storage host has changed shows then, be
   * it recalled yet or not. Settles when the kernel believes nothing else.
   */
  opened(node: NodeId): Promise<unknown> | undefined {
    const record = this.#parts.nodes.find(node);
    return record !== undefined && isBelieved(record) ? this.#compare(record) : record?.disbelieving;
  }

  /**
   * A name was moved between directories. The kernel goes on believing it for as long as it was told (d_move), so there has to
   * be a lease on the directory that it came to.
   */
  moved(from: NodeId, to: NodeId): Promise<unknown> | undefined {
    const ends = from === to ? [] : this.#records([from, to]);
    const untilMs = believedUntilMs(ends);
    return performance.now() < untilMs ? Promise.all(ends.map((end) => this.#keepNames(end, untilMs))) : undefined;
  }

  #attrMs(node: NodeId, stamp: number, { attr, leasedUntilMs }: AttrReply, pid: number): number {
    if (leasedUntilMs === undefined || !this.#recalls.mayKeep(node, stamp) || loses(attr)) return 0;
    const record = this.#parts.nodes.find(node);
    if (record === undefined || record.opens > 0) return 0;
    const validMs = restMs(leasedUntilMs);
    if (validMs === 0) return 0;
    const untilMs = leasedUntilMs + kernelSlackMs;
    record.believedUntilMs = Math.max(record.believedUntilMs, untilMs);
    if (isDirectory(attr.mode)) this.#tellings.told(record, pid, untilMs);
    return validMs;
  }

  #nameMs(directory: NodeId, leasedUntilMs: number | undefined, listing: Listing | undefined): number {
    const record = this.#parts.nodes.find(directory);
    if (leasedUntilMs === undefined || record === undefined) return 0;
    const validMs = restMs(leasedUntilMs);
    if (validMs === 0) return 0;
    const untilMs = leasedUntilMs + kernelSlackMs;
    record.namesBelievedUntilMs = Math.max(record.namesBelievedUntilMs, untilMs);
    if (listing !== undefined) listing.untilMs = Math.max(listing.untilMs, untilMs);
    return validMs;
  }

  #takeAttributes(record: NodeRecord): Promise<unknown> | undefined {
    if (!isBelieved(record)) return record.disbelieving;
    const disbelieving = Promise.all([record.disbelieving, this.#dropAttributes(record)]).finally(() => {
      if (record.disbelieving === disbelieving) record.disbelieving = undefined;
    });
    record.disbelieving = disbelieving;
    return disbelieving;
  }

  async #dropAttributes(record: NodeRecord): Promise<void> {
    const { nodes, dropAttributes } = this.#parts;
    while (isBelieved(record) && nodes.get(record.nodeid) === record) {
      const untilMs = record.believedUntilMs;
      // What is granted meanwhile raises it again.
      record.believedUntilMs = 0;
      this.#tellings.taken(record);
      if (await dropAttributes(record.nodeid).catch(() => false)) return;
      record.believedUntilMs = Math.max(record.believedUntilMs, untilMs);
      await delay(retryMs);
    }
  }

  async #compare(record: NodeRecord): Promise<void> {
    const attr = (await this.#parts.ask(record.node))?.attr;
    const isTrue = attr !== undefined && record.told !== undefined && isTold(record.told, attr);
    await (isTrue ? record.disbelieving : this.#takeAttributes(record));
  }

  /** `arrived` settles when the kernel has worked in what is on its way of these names. */
  #takeNames(records: readonly NodeRecord[], arrived?: Promise<unknown>): Promise<unknown> | undefined {
    const untilMs = believedUntilMs(records);
    return performance.now() < untilMs ? this.#dropNames(untilMs, arrived) : undefined;
  }

  async #dropNames(untilMs: number, arrived?: Promise<unknown>): Promise<void> {
    const dropped = (): Promise<boolean> => this.#parts.dropNames().catch(() => false);
    if (await dropped()) {
      if (arrived === undefined) return;
      await arrived;
      if (await dropped()) return;
    }
    this.believesNames = false;
    await delay(untilMs - performance.now());
  }

  async #keepNames(record: NodeRecord, untilMs: number): Promise<void> {
    const stamp = this.stamp();
    const { leasedUntilMs } = (await this.#parts.ask(record.node)) ?? {};
    if (leasedUntilMs === undefined || !this.#recalls.mayKeep(record.node, stamp)) await this.#dropNames(untilMs);
    else record.namesBelievedUntilMs = Math.max(record.namesBelievedUntilMs, leasedUntilMs + kernelSlackMs);
  }

  #records(nodes: readonly NodeId[]): readonly NodeRecord[] {
    return nodes.flatMap((node) => this.#parts.nodes.find(node) ?? []);
  }
}

function restMs(leasedUntilMs: number): number {
  const validMs = leasedUntilMs - performance.now() - worthMs;
  return validMs < worthMs ? 0 : validMs;
}

/** Whether it may lose set-id bits by a write of this machine, which the kernel expects of no file (HANDLE_KILLPRIV). */
const loses = ({ mode }: Attr): boolean => isRegular(mode) && (mode & setIdBits) !== 0;

const isBelieved = ({ believedUntilMs }: NodeRecord): boolean => performance.now() < believedUntilMs;

const believedUntilMs = (records: readonly NodeRecord[]): number =>
  records.reduce((latest, { namesBelievedUntilMs }) => Math.max(latest, namesBelievedUntilMs), 0);

/** Settles when all of these have; undefined where there is nothing to wait for. */
export function allOf(waiting: readonly (Promise<unknown> | undefined)[]): Promise<unknown> | undefined {
  const promises = waiting.filter((each) => each !== undefined);
  return promises.length === 0 ? undefined : Promise.all(promises);
}
