import type { Capability } from "@kedgefs/conformance";
import { type Caller, rootCaller } from "@kedgefs/core";

const { getuid = () => 0, getgid = () => 0, getgroups = () => [] } = process;

/** Who runs the tests, as a caller. */
export function userCaller(): Caller {
  const uid = getuid();
  return uid === 0 ? rootCaller : { uid, gid: getgid(), groups: getgroups(), pid: 0 };
}

/** What a server that is not run by root can't do. */
export const capabilitiesOfUser = (): readonly Capability[] =>
  getuid() === 0 ? [] : ["root", "identities", "devices"];
