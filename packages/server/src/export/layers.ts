import {
  CallContext,
  type Caller,
  type CreateRequest,
  type FileSystem,
  FsError,
  mapOperations,
  O_ACCMODE,
  O_RDONLY,
  O_TRUNC,
  type OperationName,
  operations,
} from "@kedgefs/core";
import type { Squash } from "./export-config.ts";

const nobody = 65_534;
const W_OK = 2;

/** Answers EROFS to whatever would change something. Access times of the backing system may still move. */
export function readOnly(next: FileSystem): FileSystem {
  const refuse = (): never => {
    throw new FsError("EROFS", "the export is read-only");
  };
  return mapOperations(next, (name, operation) => async (request, context) => {
    if (name === "open") {
      const { flags } = request as CreateRequest;
      if ((flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0) refuse();
    } else if (name === "access") {
      if (((request as { mask: number }).mask & W_OK) !== 0) refuse();
    } else if (operations[name as OperationName].mutates) {
      refuse();
    }
    return await operation(request, context);
  });
}

/** Takes callers for nobody: root only, or all of them. */
export function squash(next: FileSystem, which: Squash): FileSystem {
  if (which === "none") return next;
  const squashed = (caller: Caller): Caller => {
    if (which === "all") return { uid: nobody, gid: nobody, groups: [], pid: caller.pid };
    return {
      uid: caller.uid === 0 ? nobody : caller.uid,
      gid: caller.gid === 0 ? nobody : caller.gid,
      groups: caller.groups.filter((group) => group !== 0),
      pid: caller.pid,
    };
  };
  return mapOperations(
    next,
    (_, operation) => (request, context) => operation(request, new CallContext(squashed(context.caller))),
  );
}
