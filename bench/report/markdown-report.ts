import { distanceOf } from "./distance.ts";
import { machineSection } from "./machine-section.ts";
import type { ProfileResult } from "./result.ts";
import { resultTable } from "./result-table.ts";
import { verdict } from "./verdict.ts";

const intro = `# Benchmarks

<!-- Written by \`npm run bench -- --report FILE\` from measured figures. Do not edit: run it again. -->

The same programs on the same files, on a local directory, on KedgeFS with each of its drivers, and on what people use
otherwise. Servers and clients run on one machine and share its processors, so this compares file systems, not machines.
\`npm run bench\` repeats it.
`;

const words = `## What the words mean

- **Time**: of the whole program, from before it starts until it has ended, on the monotonic clock. The median of the rounds
  counts; peers take turns within each round.
- **Cold**: the peer was mounted just before, so nothing is cached on the client's side. The servers' side is warm for all alike:
  the files were read there just before.
- **Again**: the same program ran once before through the same mount.
- **Speed**: 2× means twice as fast as the other, 0.5× half as fast.
- \\* The program had ended before the server had everything (rclone uploads in the background), so the time is not that of the work.
- † sshfs answers for names and attributes from what it was told within the last 20 s (a listing of a folder tells it all of
  them), rclone within the last 5 min, and so they do not see what others changed. KedgeFS asks its server each time.
- ~ The slowest round of KedgeFS (kernel driver) or sshfs took more than half as long again as its fastest.
`;

/** docs/benchmarks.md. Every claim in it is computed from the figures. */
export function markdownReport(profiles: readonly ProfileResult[]): string {
  return [intro, ...profiles.map(profileSection), words, ...profiles.map(machineSection)].join("\n");
}

function profileSection(profile: ProfileResult): string {
  return [`## ${distanceOf(profile)}\n`, runLine(profile), resultTable(profile), verdict(profile)].join("\n");
}

function runLine({ startedAt, rounds, quick, roundTripMs, usedMounts }: ProfileResult): string {
  const parts = [`Measured on ${startedAt.slice(0, 10)}, ${rounds === 1 ? "one round" : `${rounds} rounds`}.`];
  if (quick) parts.push("**With `--quick`: the sizes are too small for the figures to mean much.**");
  if (roundTripMs !== undefined) {
    parts.push(
      `A relay holds every byte back for 10 ms each way and limits nothing else; measured through it, a byte was back after ${roundTripMs.toFixed(1)} ms.`,
    );
  }
  if (usedMounts)
    parts.push("Each mount had copied, read and removed some other files before, so that its code had run once.");
  return `${parts.join(" ")}\n`;
}
