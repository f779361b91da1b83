import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readlink, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtimeDirectoryVariable } from "./runtime-directory.ts";

const bin = fileURLToPath(new URL("../bin/kedge.js", import.meta.url));
const options = { timeout: 60_000 };

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-bin-"));
});
after(async () => rm(folder, { recursive: true, force: true }));

function kedge(args: readonly string[], node = process.execPath): Promise<Finished> {
  return new Promise((resolve) => {
    const env = { ...process.env, [runtimeDirectoryVariable]: join(folder, "run") };
    execFile(node, [bin, ...args], { env, timeout: 50_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** A Node on PATH that kedge has to replace by the pinned one. */
async function findOlderNode(): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const node = join(directory, "node");
    if (directory.includes("node_modules") || !existsSync(node)) continue;
    const major = await new Promise<number>((resolve) => {
      execFile(node, ["-p", "process.versions.node"], (error, stdout) =>
        resolve(error ? 0 : Number.parseInt(stdout, 10)),
      );
    });
    if (major >= 20 && major < 24) return node;
  }
  return undefined;
}

describe("kedge", { concurrency: 2 }, () => {
  const verbs = [
    [],
    ["serve"],
    ["mount"],
    ["umount"],
    ["status"],
    ["pki"],
    ["pki", "init"],
    ["pki", "issue"],
    ["pki", "renew-server"],
  ];
  for (const verb of verbs) {
    test(`${["kedge", ...verb, "--help"].join(" ")} tells how to use it`, options, async () => {
      const { code, stdout, stderr } = await kedge([...verb, "--help"]);
      assert.equal(code, 0);
      assert.equal(stderr, "");
      assert.match(stdout, new RegExp(`^Usage: ${["kedge", ...verb].join(" ")} `));
      assert.match(stdout, /--debug/);
      if (verb.join() !== "pki") assert.match(stdout, /Examples?:\n {2}kedge /);
    });
  }

  test("without a verb it prints the help to stderr and fails", options, async () => {
    const { code, stdout, stderr } = await kedge([]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^Usage: kedge /);
  });

  test("it tells its version", options, async () => {
    const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
    const { code, stdout } = await kedge(["--version"]);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`kedge ${version} `));
  });

  const wrong: readonly (readonly [args: readonly string[], stderr: RegExp])[] = [
    [["stats"], /^kedge: unknown command 'stats'\n {2}Did you mean status\?\n {2}kedge --help/],
    [["pki", "inti", "--dir", "x"], /^kedge: unknown command 'inti'\n {2}Did you mean init\?\n {2}kedge pki --help/],
    [["status", "--jsno"], /^kedge: unknown option '--jsno'\n {2}Did you mean --json\?\n {2}kedge status --help/],
    [["umount"], /^kedge: missing required argument 'mountpoint'\n/],
    [["umount", "a", "b"], /^kedge: too many arguments/],
    [["pki", "init"], /^kedge: required option '--dir <dir>' not specified\n/],
    [["serve", "--pki", "x"], /^kedge: required option '--export|^kedge: nothing to serve/],
    [["serve", "--pki", "x", "--export", "docs"], /^kedge: --export "docs": write NAME=PATH/],
    [["mount", "nas", "/", "--pki", "x"], /^kedge: "nas": the export is missing\n {2}Write HOST\/EXPORT/],
    [
      ["mount", "nas/x", "/", "--pki", "x", "--driver", "usb"],
      /^kedge: option '--driver <driver>' argument 'usb' is invalid/,
    ],
  ];
  for (const [args, stderr] of wrong) {
    test(`"kedge ${args.join(" ")}" is wrong usage, and says why`, options, async () => {
      const finished = await kedge(args);
      assert.equal(finished.code, 2, finished.stderr);
      assert.match(finished.stderr, stderr);
      assert.doesNotMatch(finished.stderr, /^ {4}at /m);
    });
  }

  test("what fails is told without a stack, and with one under --debug", options, async () => {
    const plain = await kedge(["umount", folder]);
    assert.equal(plain.code, 1);
    assert.match(plain.stderr, /^kedge: .* is not a KedgeFS mount: nothing is mounted there\n {2}kedge status/);
    assert.doesNotMatch(plain.stderr, /^ {4}at /m);
    for (const args of [
      ["umount", folder, "--debug"],
      ["--debug", "umount", folder],
    ]) {
      assert.match((await kedge(args)).stderr, /^ {4}at /m);
    }
  });

  test("a missing mount point is named before anything else is tried", options, async () => {
    const missing = join(folder, "missing");
    const { code, stderr } = await kedge(["mount", "nas/docs", missing, "--pki", folder]);
    assert.equal(code, 1);
    assert.match(stderr, /the mount point .*missing does not exist\n {2}Make it with: mkdir -p/);
  });

  test("a mount point that has a mount is busy", options, async () => {
    const { code, stderr } = await kedge(["mount", "nas/docs", "/proc", "--pki", folder]);
    assert.equal(code, 1);
    assert.match(stderr, /\/proc is busy: .* \(proc\) is mounted there/);
  });

  test("status knows no mount where there is none", options, async () => {
    assert.equal((await kedge(["status", folder])).code, 1);
    const { code, stdout } = await kedge(["status", "--json"]);
    assert.equal(code, 0);
    assert.ok(Array.isArray(JSON.parse(stdout)));
  });

  const pkiEndToEnd = async (node: string, dir: string): Promise<void> => {
    const init = await kedge(["pki", "init", "--dir", dir, "--host", "files.example.org"], node);
    assert.equal(init.code, 0, init.stderr);
    assert.match(init.stdout, /kedge serve --pki/);
    const issue = await kedge(["pki", "issue", "alice", "--dir", dir], node);
    assert.equal(issue.code, 0, issue.stderr);
    for (const name of ["ca.crt", "alice.crt", "alice.key"]) assert.ok(issue.stdout.includes(join(dir, name)));
    assert.equal((await stat(join(dir, "alice.key"))).mode & 0o777, 0o600);
    const again = await kedge(["pki", "issue", "alice", "--dir", dir], node);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /exists already\n {2}.*--renew/);
    const former = await readFile(join(dir, "server.crt"), "utf8");
    const renewed = await kedge(["pki", "renew-server", "--dir", dir], node);
    assert.equal(renewed.code, 0, renewed.stderr);
    assert.match(renewed.stdout, /files\.example\.org/, "the hosts of the former certificate are kept");
    assert.notEqual(await readFile(join(dir, "server.crt"), "utf8"), former);
  };

  test("certificates are made with the pinned Node", options, () =>
    pkiEndToEnd(process.execPath, join(folder, "pki-new")),
  );

  test("certificates are made when an older Node starts kedge", options, async (t) => {
    const older = await findOlderNode();
    if (older === undefined) return t.skip("needs a Node from 20 to 23 on PATH");
    await pkiEndToEnd(older, join(folder, "pki-old"));
  });

  test(
    "serve says when it is ready, reads certificates anew on SIGHUP, and ends orderly on SIGTERM",
    options,
    async () => {
      await serveEndToEnd(process.execPath, join(folder, "serve-new"));
    },
  );

  test("an older Node becomes the pinned one in the same process, which SIGKILL of it needs", options, async (t) => {
    const older = await findOlderNode();
    if (older === undefined) return t.skip("needs a Node from 20 to 23 on PATH");
    await serveEndToEnd(older, join(folder, "serve-old"));
  });

  async function serveEndToEnd(node: string, dir: string): Promise<void> {
    await kedge(["pki", "init", "--dir", join(dir, "pki")]);
    await mkdir(join(dir, "docs"));
    const args = ["serve", "--pki", join(dir, "pki"), "--state", join(dir, "state"), "--listen", "127.0.0.1:0"];
    const server = spawn(node, [bin, ...args, "--export", `docs=${join(dir, "docs")}`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    try {
      const logged = createInterface({ input: server.stderr })[Symbol.asyncIterator]();
      const [line] = await once(createInterface({ input: server.stdout }), "line");
      assert.match(line, /^kedge: serving docs \(.*docs\) on 127\.0\.0\.1:\d+$/);
      const running = await readlink(`/proc/${server.pid}/exe`);
      const replaced = running !== (await realpath(node));
      assert.equal(
        replaced,
        node !== process.execPath,
        `the process that was started is the one that serves, as ${running}`,
      );
      server.kill("SIGHUP");
      for (let text = ""; !/certificates read anew/.test(text); ) {
        const next = await logged.next();
        assert.ok(!next.done, "the server ended");
        text = next.value;
      }
      server.kill("SIGTERM");
      assert.deepEqual(await once(server, "exit"), [0, null]);
    } finally {
      server.kill("SIGKILL");
    }
  }
});
