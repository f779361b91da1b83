import assert from "node:assert/strict";
import { chownSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms, lacksUserNobody, nobody } from "../support/prerequisites.ts";
import { kedgeBin } from "../support/server.ts";
import { run, type Server, Site, succeed } from "../support/site.ts";

const timeout = 120_000;
const skip = (await lacksUserNobody()) || lacksMounts();

/** Copies the site's certificates to a folder that belongs to `nobody`, for keys are for their owner alone. */
function pkiOfNobody(site: Site): string {
  const pki = join(site.dir, "nobodys-pki");
  cpSync(site.pki, pki, { recursive: true });
  for (const file of ["", "ca.crt", "server.crt", "server.key", "tester.crt", "tester.key"]) {
    chownSync(join(pki, file), nobody, nobody);
  }
  return pki;
}

describe("a server that an ordinary user runs", { skip: skip || lacksPrograms("python3") }, () => {
  let site: Site;
  let server: Server;
  let mnt: string;

  before(async () => {
    site = await Site.create();
    for (const folder of [site.data, site.folder("state")]) chownSync(folder, nobody, nobody);
    server = await site.serve({ uid: nobody, pki: pkiOfNobody(site) });
    mnt = await site.mount(server);
  });
  after(() => site?.[Symbol.asyncDispose]());

  const backing = (name: string): string => join(site.data, name);
  async function program(): Promise<Python> {
    const python = new Python();
    await python.run(`os.chdir("${mnt}")`);
    return python;
  }

  test("says what it can't do", { timeout }, async () => {
    await server.logged(/not root: every client works with the rights of uid 65534, and owns nothing else/);
    await server.logged(/data: files are found again after a restart by an index of names/);
  });

  test("owns what is made, may change it, and can't give it away", { timeout }, async () => {
    await using python = await program();
    await python.run('f = open("mine", "w"); f.write("mine"); f.close(); os.mkdir("folder", 0o750)');
    for (const name of ["mine", "folder"]) assert.equal(await python.run(`os.stat("${name}").st_uid`), nobody);
    assert.equal(statSync(backing("folder")).mode & 0o7777, 0o750);
    await python.run('os.chmod("mine", 0o604); os.utime("mine", ns=(5, 7))');
    assert.equal(await python.run('os.stat("mine").st_mtime_ns'), 7);
    assert.equal(statSync(backing("mine")).mode & 0o7777, 0o604);
    for (const owner of ["0, 0", "1000, -1", "-1, 0"]) {
      await assert.rejects(python.run(`os.chown("mine", ${owner})`), { code: "EPERM" }, owner);
    }
    await python.run(`os.chown("mine", ${nobody}, ${nobody})`);
    assert.equal(statSync(backing("mine")).uid, nobody);
  });

  test("may not do what its user may not, even for root", { timeout }, async () => {
    writeFileSync(backing("roots"), "secret", { mode: 0o600 });
    await using python = await program();
    await assert.rejects(python.run('open("roots")'), { code: "EACCES" });
    await assert.rejects(python.run('os.mknod("device", 0o20666, os.makedev(1, 3))'), { code: "EPERM" });
  });

  test("finds open files again after it was killed, also those that were renamed through it", { timeout }, async () => {
    await using python = await program();
    await python.run('os.makedirs("a/b/c"); f = open("a/b/c/file", "w+b", buffering=0); f.write(b"one ")');
    await python.run('g = os.open("object", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o444); os.write(g, b"one ")');
    await python.run('os.link("object", "second"); os.unlink("object")');
    await python.run('os.rename("a/b", "moved"); os.rename("moved/c/file", "moved/c/renamed")');
    await server.stop("SIGKILL");
    await server.start();
    await python.run('f.write(b"two"); os.write(g, b"two")');
    assert.equal(await python.run("os.pread(f.fileno(), 100, 0)"), "one two");
    assert.equal(await python.run('open("moved/c/renamed").read()'), "one two");
    await python.run("f.close(); os.close(g)");
    assert.equal(readFileSync(backing("moved/c/renamed"), "utf8"), "one two");
    assert.equal(readFileSync(backing("second"), "utf8"), "one two");
  });

  test("never takes another file for an open one that was moved or replaced meanwhile", { timeout }, async () => {
    await using python = await program();
    for (const name of ["moved-away", "replaced"]) {
      await python.run(`f = open("${name}", "w"); f.write("former"); f.close()`);
    }
    await python.run('m = os.open("moved-away", os.O_RDWR); r = os.open("replaced", os.O_RDWR)');
    await server.stop("SIGKILL");
    renameSync(backing("moved-away"), backing("moved-there"));
    writeFileSync(backing("moved-away"), "another");
    rmSync(backing("replaced"));
    writeFileSync(backing("replaced"), "another");
    for (const name of ["moved-away", "replaced"]) chownSync(backing(name), nobody, nobody);
    await server.start();
    for (const handle of ["m", "r"]) {
      await assert.rejects(python.run(`os.pread(${handle}, 100, 0)`), { code: "ESTALE" });
      await assert.rejects(python.run(`os.pwrite(${handle}, b"damage", 0)`), { code: "ESTALE" });
    }
    assert.equal(await python.run('open("moved-there").read()'), "former", "by its new name it is found");
    for (const name of ["moved-away", "replaced"]) {
      assert.equal(await python.run(`open("${name}").read()`), "another");
      assert.equal(readFileSync(backing(name), "utf8"), "another");
    }
  });
});

describe("an ordinary user mounts", {
  skip: skip || lacksPrograms("fusermount3", "unshare", "setpriv", "mknod"),
}, () => {
  let site: Site;
  before(async () => {
    site = await Site.create();
  });
  after(() => site?.[Symbol.asyncDispose]());

  test("through fusermount3, uses the mount and unmounts it", { timeout }, async (t) => {
    const server = await site.serve();
    const pki = pkiOfNobody(site);
    chownSync(site.data, nobody, nobody);
    writeFileSync(join(site.data, "roots"), "secret", { mode: 0o600 });
    const mnt = site.folder("mnt");
    const runtime = join(site.dir, "nobodys-run");
    mkdirSync(runtime, { mode: 0o700 });
    for (const folder of [mnt, runtime]) chownSync(folder, nobody, nobody);
    const devices = site.folder("devices");

    // Where /dev/fuse is root's alone, a name space of our own has another one.
    const prepare = `mount -t tmpfs -o mode=755 none '${devices}'
      mknod -m 666 '${devices}/fuse' c 10 229; mount --bind '${devices}/fuse' /dev/fuse`;
    const inOwnNamespace = ["-m", "--propagation", "private", "bash", "-euc"];
    const possible = await run("unshare", [...inOwnNamespace, prepare]);
    if (possible.code !== 0) return t.skip(`takes a name space of mounts with a device: ${possible.stderr}`);

    const kedge = `'${process.execPath}' '${kedgeBin}'`;
    const asNobody = `
      ${kedge} mount 127.0.0.1:${server.port}/data '${mnt}' --pki '${pki}'
      echo mine > '${mnt}/made'; cat '${mnt}/made'; ls -ln '${mnt}/made' | cut -d ' ' -f 3,4
      chown 0 '${mnt}/made' 2>&1 | grep -o 'not permitted' || true; cat '${mnt}/roots' 2>&1 | grep -o 'denied' || true
      ${kedge} status '${mnt}' | tail -n 1 | grep -o 'connected$'
      touch '${site.dir}/nobodys-run/mounted'; read -r
      ${kedge} umount '${mnt}'; grep -c ' ${mnt} ' /proc/self/mounts || true`;
    // Without allow_other not even root may look.
    const script = `${prepare}
      coproc setpriv --reuid ${nobody} --regid ${nobody} --clear-groups bash -euc "$0"
      exec 3<&"\${COPROC[0]}" 4>&"\${COPROC[1]}"
      until [ -e '${runtime}/mounted' ]; do kill -0 "$COPROC_PID"; sleep 0.05; done
      ls '${mnt}' 2>&1 | grep -o 'Permission denied'
      echo go >&4; pid=$COPROC_PID; cat <&3; wait "$pid"`;
    const output = await succeed("unshare", [...inOwnNamespace, script, asNobody], {
      env: { ...site.env, KEDGE_RUNTIME_DIR: runtime, LC_ALL: "C", HOME: "/nonexistent" },
      timeoutMs: 60_000,
    });
    const mine = ["mine", `${nobody} ${nobody}`, "not permitted", "denied"];
    assert.deepEqual(output.trim().split("\n"), ["Permission denied", ...mine, "connected", "0"]);
    assert.equal(readFileSync(join(site.data, "made"), "utf8"), "mine\n");
  });
});
