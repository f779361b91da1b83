import type { PeerName } from "../peers/peer.ts";
import { formatRatio, isStored } from "./format.ts";
import type { ProfileResult, WorkloadResult } from "./result.ts";
import { secondsOf, speedAgainst } from "./statistics.ts";

/** The goal on loopback: speed of the kernel driver against sshfs, by kind of row. Warm rows have none. */
const goals: Partial<Record<WorkloadResult["kind"], number>> = { sequential: 1, cold: 0.5, writing: 0.5 };
/** Within this factor two peers count as equal. */
const equalFactor = 1.1;

/** What is good and what is bad about KedgeFS with the kernel driver, in words, from the figures. */
export function verdict(profile: ProfileResult): string {
  const against = (peer: PeerName, name: string): string => comparison(profile, peer, name);
  return [
    goalLine(profile),
    against("sshfs", "sshfs"),
    against("sshfs-sync", "sshfs with synchronous writes"),
    against("rclone", "rclone"),
    against("fuse-native", "its fuse-native driver"),
    farthest(profile),
  ]
    .filter((text) => text !== "")
    .map((text) => `${text}\n`)
    .join("\n");
}

function goalLine({ delayed, workloads }: ProfileResult): string {
  if (delayed) return "";
  const judged = workloads.flatMap((workload) => {
    const goal = goals[workload.kind];
    const speed = speedAgainst(workload, "kernel", "sshfs");
    return goal === undefined || speed === undefined ? [] : [{ workload, reached: speed >= goal }];
  });
  if (judged.length === 0) return "";
  const missed = judged.filter(({ reached }) => !reached).map(({ workload }) => workload.title);
  const count = `${judged.length - missed.length} of ${judged.length} rows`;
  const rest = missed.length === 0 ? "." : `; not by: ${missed.join("; ")}.`;
  return `**The goal** (sequential rows ahead of sshfs, other cold or writing rows at least half as fast) is reached by ${count}${rest}`;
}

function comparison({ workloads }: ProfileResult, peer: PeerName, name: string): string {
  const rows = workloads.flatMap((workload) => {
    const speed = speedAgainst(workload, "kernel", peer);
    return speed === undefined || !isStored(workload, peer) ? [] : [{ title: workload.title, speed }];
  });
  if (rows.length === 0) return "";
  rows.sort((a, b) => b.speed - a.speed);
  const list = (of: typeof rows): string => of.map(({ title, speed }) => `${title} (${formatRatio(speed)})`).join("; ");
  const faster = rows.filter(({ speed }) => speed >= equalFactor);
  const slower = rows.filter(({ speed }) => speed <= 1 / equalFactor).reverse();
  const equal = rows.filter((row) => !faster.includes(row) && !slower.includes(row));
  const parts: string[] = [];
  if (faster.length > 0) parts.push(`faster: ${list(faster)}`);
  if (equal.length > 0) parts.push(`within 10 %: ${list(equal)}`);
  if (slower.length > 0) parts.push(`slower, the worst first: ${list(slower)}`);
  return `**Beside ${name}** the kernel driver is ${parts.join(". It is ")}.`;
}

/** Where the network and the way through user space cost most. */
function farthest({ workloads }: ProfileResult): string {
  const rows = workloads.filter(
    (workload) => secondsOf(workload, "kernel") !== undefined && secondsOf(workload, "local") !== undefined,
  );
  const speed = (workload: WorkloadResult): number => speedAgainst(workload, "kernel", "local") ?? 0;
  const [worst] = rows.sort((a, b) => speed(a) - speed(b));
  const best = rows.at(-1);
  if (worst === undefined || best === undefined || worst === best) return "";
  const text = (workload: WorkloadResult): string => `${workload.title} (${formatRatio(speed(workload))})`;
  return `**Beside the local directory** it is closest at ${text(best)} and farthest at ${text(worst)}.`;
}
