import {
  accesses,
  type Change,
  type Effects,
  type Entry,
  type ErrnoName,
  effectsOf,
  type FileSystem,
  type Finding,
  FsError,
  findingsOf,
  limits,
  type NodeId,
  type NodeRequest,
  type OperationName,
  type Place,
  rootContext,
} from "@kedgefs/core";
import { contentOf } from "../local/node-seal.ts";
import type { LeaseClient, LeaseHolder, LeaseKey } from "./lease-holder.ts";
import type { LeaseTable } from "./lease-table.ts";

/** Whether what is told of a node may be believed: not where nobody would notice that others change it. */
export type MayLease = (node: NodeId) => boolean;

/** An export as leases see it. */
export interface LeasedExport {
  /** Undefined where nothing can be leased. What is changed by way of it may be leased by way of another. */
  readonly mayLease: MayLease | undefined;
  /** The file system without squashing, for looking at what a change concerns. */
  readonly own: FileSystem;
  /** Whatever would change something is refused. */
  readonly readOnly: boolean;
}

export interface LeasedRun<Reply> {
  readonly reply?: Reply;
  readonly error?: unknown;
  /** Whether what the answer tells may be believed; of a write: whether the client may answer the next ones by itself. */
  readonly leased: boolean;
  /** Further nodes that it opened or changed, as they were right after it. */
  readonly after: readonly Entry[];
}

/** What names lead to that a request takes away or replaces. */
interface Led {
  readonly taken: readonly string[];
  /** These, and those that it makes. */
  readonly names: Change<string>;
  readonly nodes: Change<LeaseKey>;
  /** False where it was not looked up, or could not be. */
  readonly known: boolean;
}

interface Begun {
  /** Of the nodes that the request names. */
  readonly direct: Change<LeaseKey>;
  readonly led: Led;
  /** How often the client had come by then. */
  readonly attaches: number;
}

interface Ended {
  /** What nobody else changed meanwhile. */
  readonly own: ReadonlySet<LeaseKey>;
  /** The tracker's clock right after. */
  readonly stamp: number;
}

/** Operations that look at the size or the data of `node`, but for those that change it. */
const looks: ReadonlySet<OperationName> = new Set<OperationName>(["getattr", "open", "read", "lseek", "copyFileRange"]);

/** What a lookup says of a name that leads to nothing which could be changed by it. */
const nowhere: ReadonlySet<string> = new Set<ErrnoName>(["ENOENT", "ENOTDIR", "ESTALE", "EINVAL", "ENAMETOOLONG"]);

/** Runs the requests of one session so that the leases of all sessions stay true, and grants this one's. */
export class SessionLeases {
  readonly #table: LeaseTable;
  readonly #holder: LeaseHolder;
  readonly #export: LeasedExport;
  #attaches = 0;

  constructor(table: LeaseTable, leased: LeasedExport, client: LeaseClient) {
    this.#table = table;
    this.#holder = table.join(client);
    this.#export = leased;
  }

  recalled(upTo: number): void {
    this.#holder.recalled(upTo);
  }

  /** The client came (back), or is about to go, and believes nothing. */
  dropped(sessionId: string): void {
    this.#attaches++;
    this.#holder.reset(this.#table.settled(sessionId));
  }

  /** The client can be told of recalls again. */
  isBack(): void {
    this.#holder.isBack();
  }

  /**
   * The client has been granted a lock: settles when it believes nothing of the file that other processes of this machine have changed
   * before. Of what clients change it never does.
   */
  async caughtUp(node: NodeId): Promise<void> {
    if (this.#export.mayLease === undefined) return;
    this.#table.readHost();
    await this.#holder.unanswered(contentOf(node));
  }

  end(): void {
    this.#table.leave(this.#holder);
  }

  /** Runs `work`, which makes the call. `request` names nodes as they are, not by handles. */
  async run<Reply>(operation: OperationName, request: object, work: () => Promise<Reply>): Promise<LeasedRun<Reply>> {
    const { changes } = this.#table;
    const asked = changes.stamp();
    const effects = this.#export.readOnly ? undefined : effectsOf(operation, request);
    const begun = effects === undefined ? undefined : await this.#begin(effects);
    if (looks.has(operation)) await this.#table.recallWrites(keysOf([(request as NodeRequest).node]), this.#holder);
    const atime = accesses.has(operation) ? await this.#contendedAtime(request) : undefined;
    const made = operation === "write" ? this.#holder.making(contentOf((request as NodeRequest).node)) : undefined;
    let reply: Reply;
    try {
      reply = await (made === undefined ? work() : work().finally(made));
    } catch (error) {
      if (begun !== undefined) await this.#end(begun);
      const absent = operation === "lookup" && error instanceof FsError && error.code === "ENOENT";
      const findings = absent ? findingsOf(operation, request, undefined) : [];
      return {
        error,
        after: [],
        leased: findings.length > 0 && this.#grant(findings, [], (key) => changes.mayKeep(key, asked)),
      };
    }
    const ended = begun === undefined ? undefined : await this.#end(begun);
    if (accesses.has(operation)) await this.#recallIfAccessed(request, atime);
    const after = await this.#after(operation, request, effects);
    if (operation === "write") return { reply, after, leased: this.#grantWrites(request as NodeRequest) };
    const findings = findingsOf(operation, request, reply as object);
    await this.#refresh(findings);
    if (findings.length === 0 && after.length === 0) return { reply, after, leased: false };
    // What the operation itself changed is true as it told it, if nobody else changed it meanwhile or since.
    const stillTrue = (key: LeaseKey): boolean => changes.mayKeep(key, ended?.own.has(key) ? ended.stamp : asked);
    return { reply, after, leased: this.#grant(findings, after, stillTrue) };
  }

  /** Marks what is about to change, and waits until nobody else believes that it is as it was. */
  async #begin({ nodes, places, made }: Effects): Promise<Begun> {
    const attaches = this.#attaches;
    const direct = this.#table.changes.begin(keysOf(nodes));
    let led = await this.#look(places, made);
    const waiting = this.#recall(direct, led);
    if (waiting !== undefined) {
      await waiting;
      // By now a name may lead elsewhere, and others may be there to believe something.
      this.#forget(led);
      led = await this.#look(places, made);
      await this.#recall(direct, led);
    }
    return { direct, led, attaches };
  }

  async #end({ direct, led, attaches }: Begun): Promise<Ended> {
    const { changes } = this.#table;
    const ownNames = this.#forget(led);
    const own = changes.end(direct);
    const stamp = changes.stamp();
    // A name led to something else, perhaps, if somebody else had to do with it since it was looked up.
    const isCertain = led.known && led.taken.every((name) => ownNames.has(name));
    if (!isCertain && !this.#table.isAlone(this.#holder)) await this.#table.recallAll(this.#holder);
    // The client came back meanwhile and may have given the call up: it doesn't know any more that this changed.
    if (attaches !== this.#attaches) void this.#holder.recallAll();
    return { own, stamp };
  }

  async #look(places: readonly Place[], made: readonly Place[]): Promise<Led> {
    const { names, changes } = this.#table;
    const taken = nameKeysOf(places);
    const begun = names.begin([...taken, ...nameKeysOf(made)]);
    // A lone session needs no look at what its names lead to.
    let known = places.length === 0 || !this.#table.isAlone(this.#holder);
    const nodes: NodeId[] = [];
    for (const place of known ? places : []) {
      try {
        nodes.push((await this.#export.own.lookup(place, rootContext())).node);
      } catch (error) {
        known &&= error instanceof FsError && nowhere.has(error.code);
      }
    }
    return { taken, names: begun, nodes: changes.begin(keysOf(nodes)), known };
  }

  /** Returns the names that nobody else has had to do with meanwhile. */
  #forget({ names, nodes }: Led): ReadonlySet<string> {
    this.#table.changes.end(nodes);
    return this.#table.names.end(names);
  }

  #recall(direct: Change<LeaseKey>, { nodes, known }: Led): Promise<unknown> | undefined {
    if (!known) return this.#table.recallAll(this.#holder);
    return this.#table.recall([...direct.keys, ...nodes.keys], this.#holder);
  }

  /** Attributes that the client would ask for next: of directories in which names changed, and of what was opened. */
  async #after(operation: OperationName, request: object, effects: Effects | undefined): Promise<Entry[]> {
    let nodes: readonly NodeId[] = [];
    if (this.#export.mayLease === undefined) return [];
    if (operation === "open") nodes = [(request as { node: NodeId }).node];
    else if (effects !== undefined && operation !== "write" && operation !== "setattr") nodes = effects.nodes;
    const entries: Entry[] = [];
    for (const node of nodes) {
      try {
        entries.push({ node, attr: (await this.#export.own.getattr({ node }, rootContext())).attr });
      } catch {
        // Gone already; whoever asks for it will be told.
      }
    }
    return entries;
  }

  /** Where an answer tells of files that others are writing, it is to tell what they have written. */
  async #refresh(findings: readonly Finding[]): Promise<void> {
    if (this.#table.isAlone(this.#holder)) return;
    const written: Entry[] = [];
    for (const { entry } of findings) {
      if (entry !== undefined && this.#table.othersMayHaveWritten(contentOf(entry.node), this.#holder))
        written.push(entry);
    }
    await this.#table.recallWrites(keysOf(written.map(({ node }) => node)), this.#holder);
    for (const entry of written) {
      try {
        const { attr } = await this.#export.own.getattr({ node: entry.node }, rootContext());
        Object.assign(entry, { attr });
      } catch {
        // Gone since: whoever uses it will be told.
      }
    }
  }

  /** Whether the client may answer the next writes of a file by itself: nobody else has to do with it. */
  #grantWrites({ node }: NodeRequest): boolean {
    const { mayLease } = this.#export;
    const key = contentOf(node);
    if (mayLease === undefined || !this.#table.grants || !mayLease(node)) return false;
    if (!this.#table.mayGrantWrites(key) || this.#table.othersBelieve(key, this.#holder)) return false;
    return this.#holder.grant(key, node, true);
  }

  /** Grants all that an answer tells, or, where some of it may be untrue by now, says false. */
  #grant(findings: readonly Finding[], after: readonly Entry[], stillTrue: (key: LeaseKey) => boolean): boolean {
    const nodes = new Set(after.map(({ node }) => node));
    for (const { place, entry } of findings) {
      if (place !== undefined) nodes.add(place.parent);
      if (entry !== undefined) nodes.add(entry.node);
    }
    const { mayLease } = this.#export;
    if (mayLease === undefined || !this.#table.grants) return false;
    for (const node of nodes) {
      const key = contentOf(node);
      if (this.#table.othersMayHaveWritten(key, this.#holder)) return false;
      if (!mayLease(node) || !stillTrue(key) || !this.#holder.grant(key, node)) return false;
    }
    return true;
  }

  /** The access time before, where somebody else may believe it. */
  async #contendedAtime(request: object): Promise<string | undefined> {
    const { node } = request as { node: NodeId };
    return this.#table.othersBelieve(contentOf(node), this.#holder) ? await this.#atimeOf(node) : undefined;
  }

  /** `before` is undefined where nobody else believed it then, or it could not be told. */
  async #recallIfAccessed(request: object, before: string | undefined): Promise<void> {
    const { node } = request as { node: NodeId };
    const key = contentOf(node);
    if (!this.#table.othersBelieve(key, this.#holder)) return;
    if (before !== undefined && (await this.#atimeOf(node)) === before) return;
    this.#table.changes.note(key);
    await this.#table.recall([key], this.#holder);
  }

  async #atimeOf(node: NodeId): Promise<string | undefined> {
    try {
      const { atime } = (await this.#export.own.getattr({ node }, rootContext())).attr;
      return `${atime.sec}.${atime.nsec}`;
    } catch {
      return undefined;
    }
  }
}

/** What is longer than any was not made here, and must not be remembered; the call itself says what is wrong with it. */
const isOurs = (node: NodeId): boolean => node.length <= limits.nodeIdBytesMax;
const isPossible = ({ parent, name }: Place): boolean => isOurs(parent) && name.length <= limits.nameBytesMax;

const keysOf = (nodes: readonly NodeId[]): LeaseKey[] => nodes.filter(isOurs).map(contentOf);
const nameKeysOf = (places: readonly Place[]): string[] =>
  places.filter(isPossible).map(({ parent, name }) => `${contentOf(parent)}/${Buffer.from(name).toString("latin1")}`);
