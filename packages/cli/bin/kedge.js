#!/usr/bin/env node
// The door to `kedge`. Plain JavaScript for any Node from 20 on: an older Node than the sources need is replaced by the
// pinned one that `npm install` put into node_modules/node.
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";

const nodeMajorNeeded = 24;
const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

// Read when libuv's pool starts, with the first call that uses it. Its four threads would all be taken by four fsyncs.
process.env.UV_THREADPOOL_SIZE ??= "16";

const nodeMajor = Number.parseInt(process.versions.node, 10);

// V8 starts to mark the whole heap each time 64 MiB of buffers outside it were made. While file data streams through, that is
// dozens of times a second and half of all processor time (docs/adr/0008). With these, buffers count as the heap does, and
// the young generation's collections free them. They can be given only when a process starts, and other versions of V8 may
// not know them.
const flags =
  nodeMajor === nodeMajorNeeded ? ["--external-memory-accounted-in-global-limit", "--initial-old-space-size=256"] : [];
const verb = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
const movesData = verb === "serve" || verb === "mount";

if (movesData && flags.some((flag) => !process.execArgv.includes(flag))) {
  becomeByNode(process.execPath, [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)]);
}
if (nodeMajor >= nodeMajorNeeded) {
  const built = new URL("../dist/main.js", import.meta.url);
  const { main } = await import(existsSync(built) ? built.href : new URL("../src/main.ts", import.meta.url).href);
  await main(process.argv.slice(2));
} else {
  runWithPinnedNode();
}

function runWithPinnedNode() {
  const pinnedNode = findPinnedNode();
  if (pinnedNode === undefined) {
    process.stderr.write(
      `kedge: needs Node ${nodeMajorNeeded} or newer; this is ${process.version}, and the pinned one is not installed\n` +
        "  run `npm install` in the folder of KedgeFS (with install scripts allowed), or install a newer Node\n",
    );
    process.exitCode = 1;
    return;
  }
  // A daemon behind a wrapper outlives it when the wrapper is killed with SIGKILL. So this process becomes the other Node,
  // with the same process id, where that is possible.
  const argv = [pinnedNode, ...process.execArgv, ...process.argv.slice(1)];
  if (becomeByNode(pinnedNode, argv) || becomeBySystemCall(pinnedNode, argv)) return;
  runAsChild(pinnedNode, argv);
}

/** node_modules/node/bin/node in the package's folder or in one above it, as module resolution would look. */
function findPinnedNode() {
  for (let folder = packageRoot; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", "node", "bin", "node");
    if (isExecutable(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** process.execve: Node 22.15 and 23.11 on. Returns only when it failed. */
function becomeByNode(file, argv) {
  if (typeof process.execve !== "function") return false;
  process.removeAllListeners("warning"); // It is marked experimental there; that is no news for who types `kedge`.
  try {
    process.execve(file, argv, process.env);
  } catch {
    return false;
  }
  return false;
}

/** execve(2) through koffi, for Node 20. Returns only when it failed. */
function becomeBySystemCall(file, argv) {
  try {
    const koffi = createRequire(import.meta.url)("koffi");
    const libc = koffi.load(null);
    const fcntl = libc.func("int fcntl(int fd, int command, ...)");
    const execve = libc.func("int execve(const char *path, const char **argv, const char **envp)");
    // Node marks the standard descriptors close-on-exec when it starts; libuv takes that back only for its own children.
    const F_SETFD = 2;
    for (const descriptor of [0, 1, 2]) fcntl(descriptor, F_SETFD, "int", 0);
    const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    execve(file, [...argv, null], [...environment, null]);
  } catch {
    return false;
  }
  return false;
}

/** The last resort: a child process whose signals, input, output and exit code are passed on. */
function runAsChild(file, argv) {
  const child = spawn(file, argv.slice(1), { stdio: "inherit" });
  // Ctrl-C on a terminal reaches the child by itself, and a second SIGINT would mean "at once" to it.
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`kedge: cannot run ${file}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
