import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { waitForEnd } from "../support/processes.ts";
import { kedgeBin } from "../support/server.ts";
import { isMounted, run, type Server, Site, shell, succeed } from "../support/site.ts";

const timeout = 120_000;
const asRoot = process.getuid?.() === 0;
const lacksRoot = !asRoot && "takes root";

describe("kedge mount, umount and status", { skip: lacksMounts() }, () => {
  let site: Site;
  let server: Server;
  before(async () => {
    site = await Site.create();
    writeFileSync(join(site.data, "hello"), "hello\n");
    server = await site.serve({ exports: [`data=${site.data}`, `fixed=${site.data},ro`] });
  });
  after(() => site?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    await server.ensureRunning();
  });
  /** Nothing is mounted, and neither process nor socket nor record of a mount is left. */
  afterEach(async () => {
    const left = await site.detachAll();
    assert.deepEqual(left, [], "a mount was left");
    assert.deepEqual(await site.statusOfAll(), []);
    const files = readdirSync(join(site.dir, "run")).filter((name) => !name.endsWith(".log"));
    assert.deepEqual(files, []);
  });

  test("what is mounted can be used, is shown by status, and is gone after umount", { timeout }, async () => {
    const mnt = await site.mount(server);
    assert.equal(await shell("cat hello; echo new > made; cat made", mnt), "hello\nnew\n");
    assert.equal(readFileSync(join(site.data, "made"), "utf8"), "new\n");

    const status = await site.status(mnt);
    assert.equal(status.state, "connected");
    assert.equal(status.source, `127.0.0.1:${server.port}/data`);
    assert.deepEqual([status.exportName, status.driver, status.readOnly], ["data", "kernel", false]);
    const line = (await site.kedge("status")).split("\n").find((text) => text.startsWith(mnt));
    assert.match(line ?? "", new RegExp(`data +127\\.0\\.0\\.1:${server.port} +kernel +connected$`));
    const mounted = await succeed("findmnt", ["-n", "-o", "SOURCE,FSTYPE,OPTIONS", mnt]);
    assert.match(mounted, /127\.0\.0\.1:\d+\/data +fuse\.kedge +.*nosuid,nodev/);
    if (asRoot) assert.match(mounted, /default_permissions.*allow_other/);

    await site.umount(mnt);
    assert.equal(isMounted(mnt), false);
    await waitForEnd(status.pid, 1_000);
    const again = await site.tryKedge("umount", mnt);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is not a KedgeFS mount: nothing is mounted there/);
  });

  test("HOST:/EXPORT with -o port=N is taken as users of NFS write it", { timeout }, async () => {
    const mnt = site.folder("nfs-like");
    await site.kedge("mount", "127.0.0.1:/data", mnt, "-o", `port=${server.port}`, "--pki", site.pki);
    assert.equal(await shell("cat hello", mnt), "hello\n");
    await site.umount(mnt);
  });

  test("a mount in the foreground says when it is ready, and Ctrl-C unmounts it", { timeout }, async () => {
    const mnt = site.folder("foreground");
    const args = ["mount", `127.0.0.1:${server.port}/data`, mnt, "--pki", site.pki, "--foreground"];
    const { code, stdout } = await run(process.execPath, [kedgeBin, ...args], {
      env: site.env,
      onStart: (child) => child.stdout?.once("data", () => child.kill("SIGINT")),
    });
    assert.equal(code, 0);
    assert.match(stdout, /^kedge: mounted .*\/data on .*foreground\n$/);
    assert.equal(isMounted(mnt), false);
  });

  test("a mount that a program uses stays mounted, and goes once it is free", { timeout }, async () => {
    const mnt = await site.mount(server);
    {
      await using python = new Python();
      await python.run(`f = open("${mnt}/hello")`);
      const refused = await site.tryKedge("umount", mnt);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /a program uses .*mnt/);
      assert.equal(await python.run("f.read()"), "hello\n", "the program goes on");
      await python.run("f.close()");
      await site.umount(mnt);
    }
    assert.equal(isMounted(mnt), false);
  });

  test("umount waits until what was written through a memory map is on the server", { timeout }, async () => {
    const mnt = await site.mount(server);
    writeFileSync(join(site.data, "mapped"), Buffer.alloc(1 << 20));
    {
      await using python = new Python();
      await python.run(`f = open("${mnt}/mapped", "r+b")`);
      await python.run("m = mmap.mmap(f.fileno(), 0)");
      await python.run("m[:] = b'x' * (1 << 20)");
      await python.run("m.close(); f.close()");
    }
    await site.umount(mnt);
    assert.ok(readFileSync(join(site.data, "mapped")).equals(Buffer.alloc(1 << 20, "x")));
  });

  test("an unmount by another program ends the process of the mount", { timeout }, async () => {
    const mnt = await site.mount(server);
    const { pid } = await site.status(mnt);
    if (asRoot) await succeed("umount", [mnt]);
    else await succeed("fusermount3", ["-u", mnt]);
    await waitForEnd(pid);
  });

  test("SIGTERM ends a mount in an orderly way, and detaches it from programs that use it", { timeout }, async () => {
    const quiet = await site.mount(server, { name: "quiet" });
    const { pid } = await site.status(quiet);
    process.kill(pid, "SIGTERM");
    await waitForEnd(pid);
    assert.equal(isMounted(quiet), false);

    const used = await site.mount(server, { name: "used" });
    const user = await site.status(used);
    await using python = new Python();
    await python.run(`f = open("${used}/hello")`);
    process.kill(user.pid, "SIGTERM");
    while (isMounted(used)) await python.run("None");
    assert.equal(await python.run("f.read()"), "hello\n", "there is a while to finish");
    await python.run("f.close()");
    await waitForEnd(user.pid);
  });

  test("what the killed process of a mount left is removed by umount", { timeout }, async () => {
    const mnt = await site.mount(server);
    const { pid } = await site.status(mnt);
    process.kill(pid, "SIGKILL");
    await waitForEnd(pid);
    assert.equal((await site.status(mnt)).state, "dead");
    await site.umount(mnt);
    assert.equal(isMounted(mnt), false);
  });

  test("nothing can be changed through a read-only export, nor with -o ro", { timeout }, async () => {
    for (const options of [{ export: "fixed" }, { args: ["-o", "ro"] }]) {
      const mnt = await site.mount(server, options);
      assert.equal((await site.status(mnt)).readOnly, true);
      for (const change of [
        "echo x > hello",
        "echo x > new",
        "rm hello",
        "mkdir d",
        "chmod 600 hello",
        "touch hello",
      ]) {
        const { code, stderr } = await run("bash", ["-c", change], { cwd: mnt, env: { ...process.env, LC_ALL: "C" } });
        assert.notEqual(code, 0, change);
        assert.match(stderr, /Read-only file system/, change);
      }
      assert.equal(await shell("cat hello", mnt), "hello\n");
      await site.umount(mnt);
    }
    assert.equal(readFileSync(join(site.data, "hello"), "utf8"), "hello\n");
  });

  test("SIGTERM of the server is orderly, and the mount goes on with the next one", { timeout }, async () => {
    const mnt = await site.mount(server);
    assert.equal(await server.stop("SIGTERM"), 0);
    await site.waitForState(mnt, "reconnecting");
    await server.start();
    assert.equal(await shell("cat hello", mnt), "hello\n");
    await site.umount(mnt);
  });

  test("a second server on the same state directory refuses", { timeout }, async () => {
    const second = await site.prepareServer();
    await assert.rejects(second.start(), /another server is running on the state directory/);
  });

  test("while the server is away nothing hangs for good, and all goes on when it is back", { timeout }, async () => {
    const mnt = await site.mount(server);
    await server.stop("SIGKILL");
    const away = await site.waitForState(mnt, "reconnecting");
    assert.equal(away.mountpoint, mnt);

    // Those that walk over all mounts get an answer from what was known.
    await succeed("stat", [mnt], { timeoutMs: 15_000 });
    await succeed("stat", ["-f", mnt], { timeoutMs: 15_000 });
    await succeed("ls", ["-ld", "--", mnt], { timeoutMs: 15_000 });
    assert.match((await run("df", ["-t", "fuse.kedge"], { timeoutMs: 15_000 })).stdout, new RegExp(`${mnt}$`, "m"));
    assert.match((await run("df", [mnt], { timeoutMs: 15_000 })).stdout, new RegExp(`${mnt}$`, "m"));
    assert.match(await site.kedge("status"), /reconnecting for/);

    let signalledMs = 0;
    const { signal } = await run("cat", [join(mnt, "hello")], {
      timeoutMs: 30_000,
      onStart: (child) => {
        void (async () => {
          while ((await site.status(mnt)).inFlightCount === 0);
          signalledMs = performance.now();
          child.kill("SIGINT");
        })();
      },
    });
    assert.equal(signal, "SIGINT");
    assert.ok(performance.now() - signalledMs < 3_000, `it took ${performance.now() - signalledMs} ms`);

    const waiting = run("cat", [join(mnt, "hello")], { timeoutMs: 60_000 });
    while ((await site.status(mnt)).inFlightCount === 0);
    await server.start();
    assert.equal((await waiting).stdout, "hello\n");
    const back = await site.waitForState(mnt, "connected");
    assert.notEqual(back.serverIncarnation, away.serverIncarnation);
    assert.equal(await shell("echo on > goes; cat goes", mnt), "on\n");
    await site.umount(mnt);
  });

  test("a mount whose server is away can be unmounted", { timeout }, async () => {
    const mnt = await site.mount(server);
    await server.stop("SIGKILL");
    await site.waitForState(mnt, "reconnecting");
    await site.umount(mnt);
    assert.equal(isMounted(mnt), false);
    await server.start();
  });

  describe("says why it can't mount", () => {
    const refused = async (mountpoint: string, source: string, reason: RegExp, ...options: string[]): Promise<void> => {
      const { code, stderr } = await site.tryKedge("mount", source, mountpoint, "--pki", site.pki, ...options);
      assert.equal(code, 1, stderr);
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /^ {4}at /m, "no stack");
      assert.equal(isMounted(mountpoint), false);
    };
    const ours = (): string => `127.0.0.1:${server.port}/data`;

    test("a mount point that is missing, or a file", { timeout }, async () => {
      await refused(join(site.dir, "missing"), ours(), /the mount point .*missing does not exist\n {2}Make it with/);
      await refused(join(site.data, "hello"), ours(), /the mount point .*hello is not a folder/);
    });

    test("a mount point that has a mount", { timeout }, async () => {
      const mnt = await site.mount(server);
      const { code, stderr } = await site.tryKedge("mount", ours(), mnt, "--pki", site.pki);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /is busy: 127\.0\.0\.1:\d+\/data \(fuse\.kedge\) is mounted there\n {2}To unmount it: kedge/,
      );
      assert.equal(await shell("cat hello", mnt), "hello\n", "the mount that was there is untouched");
      await site.umount(mnt);
    });

    test("an unknown export", { timeout }, async () => {
      await refused(site.folder("m"), `127.0.0.1:${server.port}/nothing`, /the server has no export nothing/);
    });

    test("a port where nothing listens", { timeout }, async () => {
      const { port } = await site.prepareServer();
      await refused(
        site.folder("m"),
        `127.0.0.1:${port}/data`,
        /nothing listens on 127\.0\.0\.1:\d+\n {2}start the server/,
      );
    });

    test("a host without an address", { timeout }, async () => {
      await refused(site.folder("m"), "no-such-host.invalid/data", /no address is known for the host of no-such-host/);
    });

    test("a server to which no route leads", { timeout, skip: lacksRoot || lacksPrograms("unshare") }, async () => {
      const args = ["-n", process.execPath, kedgeBin, "mount", ours(), site.folder("m"), "--pki", site.pki];
      const { code, stderr } = await run("unshare", args, { env: site.env });
      assert.equal(code, 1);
      assert.match(stderr, /no route to 127\.0\.0\.1:\d+\n {2}check the network/);
    });

    test("an option that there is not", { timeout }, async () => {
      const { code, stderr } = await site.tryKedge("mount", ours(), site.folder("m"), "--pki", site.pki, "-o", "sync2");
      assert.equal(code, 2);
      assert.match(stderr, /unknown mount option "sync2"/);
    });
  });
});
