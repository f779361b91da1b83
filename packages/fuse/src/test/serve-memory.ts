import { memory } from "@kedgefs/conformance";
import { type Entry, type FileSystem, FsError, type Logger, type ReaddirReply, UserError } from "@kedgefs/core";
import { mountKernel, type RecallListener } from "../mount/mount-kernel.ts";
import { parseMountOptions } from "../mount/options.ts";

/**
 * Serves one file system in memory on one or two mount points until they are unmounted:
 * `node serve-memory.ts OPTIONS MOUNTPOINT [MOUNTPOINT]`. Prints "ready" on stdout when they answer, and "closed" at the end.
 * Lines on stdin are commands to the first mount: unmount, lazy, pause, resume; a refusal is printed as "error MESSAGE | HINT".
 * A name "hang" is looked up for ever, until its caller is interrupted.
 *
 * With the option "leased" lookups, attributes and listings are answered under a lease of a minute, though changes by another
 * mount are not recalled. The command recall takes back what every mount was told, and lookups prints "lookups NUMBER".
 */
const [options = "", ...mountpoints] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const sayError = (error: unknown): void =>
  say(`error ${error instanceof UserError ? `${error.message} | ${error.hint}` : (error as Error).stack}`);
const log =
  (level: string) =>
  (message: string, fields?: object): void =>
    void process.stderr.write(`${level} ${message} ${JSON.stringify(fields ?? {})}\n`);
const logger: Logger = { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error") };

function hanging(source: FileSystem): FileSystem {
  const lookup: FileSystem["lookup"] = (request, context) => {
    if (Buffer.from(request.name).toString() !== "hang") return source.lookup(request, context);
    return new Promise((_, reject) => {
      context.signal.addEventListener("abort", () => reject(new FsError("EINTR")));
      say("hanging");
    });
  };
  return { ...source, lookup };
}

const leaseMs = 60_000;
let lookups = 0;
const recallListeners: RecallListener[] = [];

function leased(source: FileSystem): FileSystem {
  const underLease = <Reply extends object>(reply: Reply) => ({ ...reply, leasedUntilMs: performance.now() + leaseMs });
  const listed = (entry: Entry | undefined) => (entry === undefined ? {} : { entry: underLease(entry) });
  return {
    ...source,
    async lookup(request, context) {
      lookups++;
      return underLease(await source.lookup(request, context));
    },
    getattr: async (request, context) => underLease(await source.getattr(request, context)),
    async readdirplus(request, context): Promise<ReaddirReply> {
      const { entries, end } = await source.readdirplus(request, context);
      return { end, entries: entries.map((each) => ({ ...each, ...listed(each.entry) })) };
    },
  };
}

const { mount: mountOptions, rest } = parseMountOptions(options);
const lease = rest.leased === true;
const inMemory = hanging(memory({ rootUid: process.getuid?.() ?? 0, rootGid: process.getgid?.() ?? 0 }));
const fileSystem = lease ? leased(inMemory) : inMemory;
try {
  const mounts = [];
  for (const mountpoint of mountpoints) {
    const parts = { mountpoint, source: "memory:/with, comma", mountOptions, logger };
    const onRecall = (listener: RecallListener): void => void recallListeners.push(listener);
    mounts.push(await mountKernel(fileSystem, lease ? { ...parts, onRecall } : parts));
  }
  const [first] = mounts;
  const commands: Readonly<Record<string, () => Promise<void> | void>> = {
    unmount: () => first?.unmount(),
    lazy: () => first?.unmount({ lazy: true }),
    pause: () => first?.pause(),
    resume: () => first?.resume(),
    recall: async () => void (await Promise.all(recallListeners.map((listener) => listener(undefined)))),
    lookups: () => say(`lookups ${lookups}`),
  };
  process.stdin.setEncoding("utf8").on("data", async (text: string) => {
    for (const line of text.split("\n").filter((each) => each !== "")) {
      try {
        await commands[line]?.();
        say(`did ${line}`);
      } catch (error) {
        sayError(error);
      }
    }
  });
  say("ready");
  await Promise.all(mounts.map((mount) => mount.closed));
  say("closed");
  process.stdin.destroy();
} catch (error) {
  sayError(error);
  process.exitCode = 1;
}
