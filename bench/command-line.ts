import { parseArgs } from "node:util";
import { BenchError } from "./bench-error.ts";
import { type PeerName, peerNames } from "./peers/peer.ts";
import { type WorkloadName, workloadNames } from "./workloads/workload.ts";

export const help = `Measures KedgeFS beside a local directory, sshfs and rclone: npm run bench -- [OPTION]...

  --delay none|20ms|both   over loopback as it is, over a round trip of 20 ms, or one after the other (default: both)
  --rounds N               of which the median counts (default: 3 without delay, 1 with)
  --quick                  small sizes, one round: whether it works, not how fast it is
  --only NAME[,NAME]...    ${workloadNames.join(", ").replace("random-write, ", "random-write,\n                           ")}
  --peers NAME[,NAME]...   ${peerNames.join(", ")}
  --dir DIR                where the exported folder is made (default: the folder for temporary files)
  --out FILE               the JSON (default: bench/results/TIME.json; a whole run also goes into latest.json)
  --fresh-mounts           do not use mounts a little before they are measured (see docs/benchmarks.md)
  --no-install             do not install missing Debian packages
  --report FILE...         measure nothing; write docs/benchmarks.md (or --out, "-" for standard output) from such JSON

Ctrl-C cleans up. Figures mean something only on a machine that does nothing else meanwhile.
`;

export interface MeasureCommand {
  readonly verb: "measure";
  readonly delays: readonly boolean[];
  readonly rounds: number | undefined;
  readonly quick: boolean;
  readonly only: readonly WorkloadName[];
  readonly peers: readonly PeerName[];
  readonly dir: string | undefined;
  readonly out: string | undefined;
  readonly usedMounts: boolean;
  readonly install: boolean;
}

export interface ReportCommand {
  readonly verb: "report";
  readonly files: readonly string[];
  readonly out: string | undefined;
}

export type Command = MeasureCommand | ReportCommand | { readonly verb: "help" };

const delayChoices: Readonly<Record<string, readonly boolean[]>> = {
  none: [false],
  "20ms": [true],
  both: [false, true],
};
const roundsMax = 1_000;

/** BenchError for what is not as `help` says. */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { verb: "help" };
  if (values.report !== undefined) {
    return { verb: "report", files: [...values.report, ...positionals], out: values.out };
  }
  if (positionals[0] !== undefined) throw new BenchError(`"${positionals[0]}" is no option; see --help`);
  const delays = delayChoices[values.delay ?? "both"];
  if (delays === undefined) throw new BenchError(`--delay ${values.delay}: none, 20ms or both`);
  return {
    verb: "measure",
    delays,
    rounds: values.rounds === undefined ? undefined : parseRounds(values.rounds),
    quick: values.quick ?? false,
    only: parseNames("--only", values.only, workloadNames),
    peers: parseNames("--peers", values.peers, peerNames),
    dir: values.dir,
    out: values.out,
    usedMounts: !values["fresh-mounts"],
    install: !values["no-install"],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        delay: { type: "string" },
        rounds: { type: "string" },
        quick: { type: "boolean" },
        only: { type: "string" },
        peers: { type: "string" },
        dir: { type: "string" },
        out: { type: "string" },
        "fresh-mounts": { type: "boolean" },
        "no-install": { type: "boolean" },
        report: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new BenchError(`${(error as Error).message}; see --help`);
  }
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= roundsMax) return rounds;
  throw new BenchError(`--rounds ${text}: a number from 1 to ${roundsMax}`);
}

/** The named ones of all, in their own order; all of them without a list. */
function parseNames<Name extends string>(option: string, list: string | undefined, all: readonly Name[]): Name[] {
  const wanted = list?.split(",").map((name) => name.trim()) ?? all;
  const unknown = wanted.find((name) => !(all as readonly string[]).includes(name));
  if (unknown !== undefined) throw new BenchError(`${option}: there is no "${unknown}"; there are ${all.join(", ")}`);
  return all.filter((name) => wanted.includes(name));
}
