import {
  type Attr,
  accesses,
  type CallContext,
  type Caller,
  effectsOf,
  FsError,
  findingsOf,
  type LookupRequest,
  type Name,
  type NodeId,
  type OperationName,
  type XattrRequest,
} from "@kedgefs/core";
import { isRecovery } from "@kedgefs/rpc";
import type { Answer, Ask } from "../ask.ts";
import type { LeaseCache, OwnChange } from "./lease-cache.ts";

/** Answers from what is held under leases where that has the answer, asks `next` else, and learns from what it says. */
export function leased(next: Ask, cache: LeaseCache): Ask {
  return async (operation, request, context, bytes, lazy) => {
    if (isRecovery(operation)) return await next(operation, request, context, bytes);
    const known = answerFrom(cache, operation, request, context.caller);
    if (known !== undefined) return known;

    const asked = cache.ask();
    const change = beginChange(cache, operation, request);
    let answer: Answer | undefined;
    let own: ReadonlySet<string> | undefined;
    try {
      answer = await next(operation, request, context, bytes, lazy);
    } finally {
      if (change !== undefined) own = cache.end(change);
    }
    const found = answer.error === undefined ? (answer.body ?? {}) : undefined;
    const tells = found !== undefined || (operation === "lookup" && answer.error?.code === "ENOENT");
    if (!answer.leased || !tells) return answer;
    cache.learn(findingsOf(operation, request, found), answer.after, asked, context.caller, own);
    return found === undefined ? answer : withTime(cache, operation, request, context, answer);
  };
}

function beginChange(cache: LeaseCache, operation: OperationName, request: object): OwnChange | undefined {
  const effects = effectsOf(operation, request);
  const accessed = accesses.has(operation) ? (request as { node: NodeId }).node : undefined;
  return effects === undefined && accessed === undefined ? undefined : cache.begin(effects, accessed);
}

/** The same answer, with the time until when it may be believed. */
function withTime(
  cache: LeaseCache,
  operation: OperationName,
  request: object,
  { caller }: CallContext,
  answer: Answer,
): Answer {
  const known = answerFrom(cache, operation, request, caller);
  if (known !== undefined) return known;
  const [finding] = operation === "readdirplus" ? [] : findingsOf(operation, request, answer.body);
  if (finding?.place === undefined) return answer;
  const entry = cache.lookup(finding.place, caller);
  if (entry === undefined || entry === "absent") return answer;
  return { ...answer, body: { ...answer.body, ...entry } };
}

const noXattr: Answer = {
  error: new FsError("ENODATA", "no such attribute"),
  body: undefined,
  leased: true,
  after: [],
};

/** Of others the server knows whether its file system has them at all. */
const isKnownNamespace = (name: Name): boolean =>
  /^(user|trusted|security|system\.posix_acl)[._]/.test(Buffer.from(name).toString("latin1"));

const isOfUsers = (name: Name): boolean => Buffer.from(name).toString("latin1").startsWith("user.");

/**
 * Whether the mode lets the caller read, which "user." attributes take (xattr_permission in the kernel's fs/xattr.c); there is no
 * ACL that could say otherwise. Whether root may more than that is the server's to say.
 */
function mayRead({ mode, uid, gid }: Attr, caller: Caller): boolean {
  const shift = caller.uid === uid ? 6 : caller.gid === gid || caller.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 4) !== 0;
}

const absent: Answer = { error: new FsError("ENOENT", "no such name"), body: undefined, leased: true, after: [] };

function answerFrom(cache: LeaseCache, operation: string, request: object, caller: Caller): Answer | undefined {
  if (operation === "getattr") {
    const reply = cache.attr((request as { node: NodeId }).node);
    return reply === undefined ? undefined : { body: reply, leased: true, after: [] };
  }
  if (operation === "getxattr" || operation === "listxattr") {
    const { node, name } = request as XattrRequest;
    const attr = cache.attr(node)?.attr;
    if (attr?.noXattrs !== true) return undefined;
    if (operation === "listxattr") return { body: { names: Buffer.alloc(0) }, leased: true, after: [] };
    return isKnownNamespace(name) && (!isOfUsers(name) || mayRead(attr, caller)) ? noXattr : undefined;
  }
  if (operation !== "lookup") return undefined;
  const found = cache.lookup(request as LookupRequest, caller);
  if (found === undefined) return undefined;
  return found === "absent" ? absent : { body: found, leased: true, after: [] };
}
