import {
  type Attr,
  type AttrReply,
  type Caller,
  type Change,
  ChangeTracker,
  type Effects,
  type Entry,
  type Finding,
  limits,
  type NodeId,
  type Place,
  readMovesAtime,
  type Timespec,
} from "@kedgefs/core";
import { accessKey, attrKey, namesKey, placeKey, someNodeKey } from "./lease-keys.ts";

interface Believed<Value> {
  readonly value: Value;
  readonly untilMs: number;
  /** The tracker's clock when it was true. */
  readonly stamp: number;
}

/** Where a name leads, undefined for nowhere, as a caller with these rights was told. */
interface Lead {
  readonly node: NodeId | undefined;
  readonly rights: string;
}

/** A moment before something is asked. */
export interface Asked {
  readonly sentMs: number;
  readonly stamp: number;
}

/** A call of this client that changes something. */
export interface OwnChange {
  /** Names whose nodes it changes. */
  readonly places: readonly Place[];
  /** Until when it is certain which nodes those are. */
  readonly untilMs: number;
  /** What the tracker was told, when it began and since. */
  readonly parts: Change<string>[];
}

export interface LeaseTerms {
  /** How long what was told may be believed, milliseconds from when it was asked; 0: not at all. */
  readonly leaseMs: number;
  /** Whether every read moves an access time. */
  readonly strictAtime: boolean;
}

/**
 * What the server said of names and attributes under a lease. A thing is believed until its time is up, it is recalled, or a
 * call of this client changes it; while such a call is under way it is neither believed nor learnt.
 *
 * Which node a call changes may be told by a name alone. Where this client does not know what the name leads to, or can't be
 * sure of it until the call is over, the attributes of any node may be what it changes.
 */
export class LeaseCache {
  readonly #terms: () => LeaseTerms;
  readonly #changes = new ChangeTracker<string>();
  readonly #attrs = new Map<NodeId, Believed<Attr>>();
  readonly #leads = new Map<string, Believed<Lead>>();
  /** Calls under way of which it is certain so far what their names lead to. */
  readonly #certain = new Set<OwnChange>();

  constructor(terms: () => LeaseTerms) {
    this.#terms = terms;
  }

  get active(): boolean {
    return this.#terms().leaseMs > 0;
  }

  /** Whether a directory that was listed a moment ago can be listed again without the server: not where that moves its access time. */
  get mayAnswerReads(): boolean {
    return this.active && !this.#terms().strictAtime;
  }

  /** The attributes of a node, if they are known. */
  attr(node: NodeId): AttrReply | undefined {
    const believed = this.#attrs.get(node);
    if (believed === undefined || !isCurrent(believed)) return undefined;
    if (!this.#mayKeepAttr(node, believed.value, believed.stamp)) return undefined;
    return { attr: believed.value, leasedUntilMs: believed.untilMs };
  }

  /** What a lookup would answer: an entry, "absent", or undefined where only the server knows. */
  lookup(place: Place, caller: Caller): Entry | "absent" | undefined {
    const lead = this.#lead(place);
    if (lead === undefined || lead.value.rights !== rightsOf(caller)) return undefined;
    const { node } = lead.value;
    if (node === undefined) return "absent";
    const reply = this.attr(node);
    if (reply?.leasedUntilMs === undefined) return undefined;
    return { node, attr: reply.attr, leasedUntilMs: Math.min(reply.leasedUntilMs, lead.untilMs) };
  }

  /**
   * Whether a file still holds what it held when, in answer to what was asked then, the server told these attributes of it under a
   * lease. Others are the first that is heard here of a change on the storage host, where they overtake the recall.
   */
  holds({ node, attr }: Entry, asked: Asked): boolean {
    if (this.restMs(asked) <= 0 || !this.#isUnchanged(node, asked.stamp)) return false;
    const believed = this.attr(node);
    return believed !== undefined && isOfSameContent(believed.attr, attr);
  }

  /** Whether a directory, and all names in it, are as they were when the server told them under a lease, in answer to what was asked then. */
  holdsNames(directory: NodeId, asked: Asked): boolean {
    if (this.restMs(asked) <= 0 || !this.#isUnchanged(directory, asked.stamp)) return false;
    return this.#changes.mayKeep(namesKey(directory), asked.stamp);
  }

  /** For how long what was asked then may be believed, milliseconds. */
  restMs({ sentMs }: Asked): number {
    return sentMs + this.#terms().leaseMs - performance.now();
  }

  ask(): Asked {
    return { sentMs: performance.now(), stamp: this.#changes.stamp() };
  }

  /** A call of this client is about to change these, and to read `accessed`, which may move its access time. */
  begin({ nodes, places, made, permissions }: Effects = noEffects, accessed?: NodeId): OwnChange {
    const keys = nodes.map(attrKey);
    if (accessed !== undefined) keys.push(accessKey(accessed));
    if (permissions) keys.push(...nodes.map(namesKey));
    const names = places.map(placeKey);
    let untilMs = Number.POSITIVE_INFINITY;
    for (const place of places) {
      const lead = this.#lead(place);
      if (lead === undefined) untilMs = Number.NEGATIVE_INFINITY;
      else untilMs = Math.min(untilMs, lead.untilMs);
      if (lead?.value.node !== undefined) keys.push(attrKey(lead.value.node));
    }
    if (names.length > 0) this.#doubt((other) => other.places.some((place) => names.includes(placeKey(place))));
    const change: OwnChange = {
      places,
      untilMs,
      parts: [this.#changes.begin([...keys, ...names, ...made.map(placeKey)])],
    };
    if (places.length > 0) this.#certain.add(change);
    this.#doubtWhatRanOut();
    return change;
  }

  /** The call is over. Returns what it alone has changed. */
  end(change: OwnChange): ReadonlySet<string> {
    this.#doubtWhatRanOut();
    this.#certain.delete(change);
    return new Set(change.parts.flatMap((part) => [...this.#changes.end(part)]));
  }

  /** Learns what an answer under a lease tells. `own` is what the call itself changed. */
  learn(
    findings: readonly Finding[],
    after: readonly Entry[],
    { sentMs, stamp: asked }: Asked,
    caller: Caller,
    own: ReadonlySet<string> = new Set(),
  ): void {
    this.#doubtWhatRanOut();
    const untilMs = sentMs + this.#terms().leaseMs;
    const stamp = this.#changes.stamp();
    const learnAttr = ({ node, attr }: Entry): void => {
      // No honest server leaves attributes out, but what one does must not break what others asked.
      if (attr !== undefined && this.#mayKeepAttr(node, attr, asked, own))
        keep(this.#attrs, node, { value: attr, untilMs, stamp });
    };
    const rights = rightsOf(caller);
    for (const { place, entry } of findings) {
      if (entry !== undefined) learnAttr(entry);
      if (place === undefined || !this.#changes.mayKeep(namesKey(place.parent), asked)) continue;
      const key = placeKey(place);
      if (own.has(key) || this.#changes.mayKeep(key, asked)) {
        keep(this.#leads, key, { value: { node: entry?.node, rights }, untilMs, stamp });
      }
    }
    for (const entry of after) learnAttr(entry);
  }

  /** The server takes back what it said of a node, or of all. */
  recalled(node: NodeId | undefined): void {
    if (node === undefined) {
      this.#doubt(() => true);
      this.#changes.noteAll();
      this.#attrs.clear();
      this.#leads.clear();
      return;
    }
    this.#doubt(({ places }) => places.some(({ parent }) => parent === node));
    this.#changes.note(attrKey(node));
    this.#changes.note(namesKey(node));
    this.#attrs.delete(node);
  }

  #lead(place: Place): Believed<Lead> | undefined {
    const key = placeKey(place);
    const lead = this.#leads.get(key);
    if (lead === undefined || !isCurrent(lead) || !this.#changes.mayKeep(key, lead.stamp)) return undefined;
    return this.#changes.mayKeep(namesKey(place.parent), lead.stamp) ? lead : undefined;
  }

  /** Whether attributes that were told at `stamp` are still true. */
  #mayKeepAttr(node: NodeId, attr: Attr, stamp: number, own?: ReadonlySet<string>): boolean {
    if (!this.#isUnchanged(node, stamp, own)) return false;
    return !readMovesAtime(attr, this.#terms().strictAtime) || this.#changes.mayKeep(accessKey(node), stamp);
  }

  /** Whether nobody has changed a node since `stamp`, but for the call whose `own` changes these are. */
  #isUnchanged(node: NodeId, stamp: number, own?: ReadonlySet<string>): boolean {
    const isTrue = (key: string): boolean => own?.has(key) || this.#changes.mayKeep(key, stamp);
    return isTrue(attrKey(node)) && isTrue(someNodeKey);
  }

  /** From now on these calls under way may change any node. */
  #doubt(concerns: (change: OwnChange) => boolean): void {
    for (const change of this.#certain) {
      if (!concerns(change)) continue;
      this.#certain.delete(change);
      change.parts.push(this.#changes.begin([someNodeKey]));
    }
  }

  /** The server need not tell us any more where a name leads once the lease on it has run out. */
  #doubtWhatRanOut(): void {
    if (this.#certain.size === 0) return;
    const nowMs = performance.now();
    this.#doubt(({ untilMs }) => nowMs >= untilMs);
  }
}

const noEffects: Effects = { nodes: [], places: [], made: [], permissions: false };

const isOfSameContent = (a: Attr, b: Attr): boolean =>
  a.size === b.size && isSameTime(a.mtime, b.mtime) && isSameTime(a.ctime, b.ctime);

const isSameTime = (a: Timespec, b: Timespec): boolean => a.sec === b.sec && a.nsec === b.nsec;

const isCurrent = ({ untilMs }: Believed<unknown>): boolean => performance.now() < untilMs;

/** Permission to search or list a directory was checked for these. */
export const rightsOf = ({ uid, gid, groups }: Caller): string =>
  groups.length === 0 ? `${uid}:${gid}` : `${uid}:${gid}:${groups.join()}`;

/** Sets what was learnt last at the end, so that the first to go is the oldest. */
function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  if (map.size >= limits.clientLeasesMax) {
    const [oldest] = map.keys();
    map.delete(oldest as Key);
  }
  map.set(key, value);
}
