import { type Caller, FsError, limits } from "@kedgefs/core";

/** Whom the kernel takes a thread for when it touches files. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** The system calls that change it, for the calling thread alone. A stand-in takes their place in tests. */
export interface IdentityCalls {
  /** setfsuid(2): changes what it may, answers with the id before, and has no error. */
  setfsuid(uid: number): number;
  /** setfsgid(2), likewise. */
  setfsgid(gid: number): number;
  /** setgroups(2). EPERM, EINVAL (an id that the user namespace does not map). */
  setgroups(groups: readonly number[]): void;
  /** Ends the process at once: it can do nothing right any more. */
  abort(reason: string): never;
}

/** The one id that is none. setfsuid and setfsgid refuse it, which makes them tell the id in effect. */
const noId = 0xffffffff;

/** Follows one thread through its identities, so that nothing is set that is in effect already. */
export class ThreadIdentity {
  readonly #calls: IdentityCalls;
  readonly #own: Identity;
  #uid: number;
  #gid: number;
  #groups: readonly number[];

  constructor(calls: IdentityCalls, own: Identity) {
    this.#calls = calls;
    this.#own = own;
    this.#uid = own.uid;
    this.#gid = own.gid;
    this.#groups = own.groups;
  }

  /** Runs `body` as `caller` and comes back. EPERM where the kernel did not follow, EINVAL for ids that are none. */
  runAs<T>(caller: Caller, body: () => T): T {
    const { uid, gid } = caller;
    // Root without groups may do whatever the process may, with the groups that the process has by chance or without.
    if (uid === 0 && gid === 0 && caller.groups.length === 0) {
      return this.#switched(this.#own.uid, this.#own.gid, this.#own.groups, body);
    }
    checkIdentity(caller);
    return this.#switched(uid, gid, effectiveGroups(caller), body);
  }

  #switched<T>(uid: number, gid: number, groups: readonly number[], body: () => T): T {
    const [uidBefore, gidBefore, groupsBefore] = [this.#uid, this.#gid, this.#groups];
    if (uid === uidBefore && gid === gidBefore && sameGroups(groups, groupsBefore)) return body();
    try {
      this.#become(uid, gid, groups);
      return body();
    } finally {
      try {
        this.#become(uidBefore, gidBefore, groupsBefore);
      } catch (error) {
        // Everything that this thread did from now on would be done as somebody else.
        this.#calls.abort(`cannot return from user ${this.#uid} to user ${uidBefore}: ${String(error)}`);
      }
    }
  }

  #become(uid: number, gid: number, groups: readonly number[]): void {
    if (!sameGroups(groups, this.#groups)) {
      this.#calls.setgroups(groups);
      this.#groups = groups;
    }
    if (gid !== this.#gid) {
      this.#calls.setfsgid(gid);
      this.#gid = this.#calls.setfsgid(noId);
      if (this.#gid !== gid) throw new FsError("EPERM", `setfsgid: the thread cannot run with group ${gid}`);
    }
    if (uid !== this.#uid) {
      this.#calls.setfsuid(uid);
      this.#uid = this.#calls.setfsuid(noId);
      if (this.#uid !== uid) throw new FsError("EPERM", `setfsuid: the thread cannot run as user ${uid}`);
    }
  }
}

const noGroups: readonly number[] = [];

/**
 * Most callers have one supplementary group, their gid over again. The kernel asks the gid first (in_group_p in
 * kernel/groups.c), so that list is as good as an empty one, which most servers have anyway: it spares the dearest of
 * the calls.
 */
function effectiveGroups({ gid, groups }: Identity): readonly number[] {
  return groups.length === 1 && groups[0] === gid ? noGroups : groups;
}

function sameGroups(one: readonly number[], other: readonly number[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

/** What is no 32-bit id would wrap round on its way to the kernel: 2^32 would be root. */
function checkIdentity({ uid, gid, groups }: Identity): void {
  if (!isId(uid) || !isId(gid) || !groups.every(isId)) throw new FsError("EINVAL", "a user or group id is none");
  if (groups.length > limits.callerGroupsMax) throw new FsError("EINVAL", `${groups.length} groups are too many`);
}

const isId = (id: number): boolean => id >>> 0 === id && id !== noId;
