import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { type Server, Site, shell } from "../support/site.ts";

const timeout = 120_000;
const takesRoot = process.getuid?.() === 0 ? false : "takes root";

/**
 * A file by way of two mounts and on the storage host, against its bytes in memory. Each call has returned before the next one is
 * made, by whichever way, so each must see all that went before. Many writes in a row go by one mount: those are answered ahead.
 */
const vocabulary = `
import random
sizeMax = 1 << 20

def check(what, found, expected):
    if found == expected: return
    at = next((i for i in range(min(len(found), len(expected))) if found[i] != expected[i]), min(len(found), len(expected)))
    raise AssertionError(f"{what}: {len(found)} bytes, not {len(expected)}, other from {at} on")

def go_on(seed, steps, mounts, host, name):
    chance = random.Random(seed)
    model = bytearray()
    open(f"{host}/{name}", "wb").close()
    held = [os.open(f"{mount}/{name}", os.O_RDWR) for mount in mounts]
    bursts = 0
    try:
        for step in range(steps):
            which = chance.randrange(len(mounts))
            fd, path = held[which], f"{mounts[which]}/{name}"
            kind = chance.choice(["burst"] * 4 + ["read", "stat", "truncate", "append", "reopen", "host", "rewrite"])
            if kind == "burst":
                bursts += 1
                for _ in range(chance.randrange(2, 40)):
                    offset = chance.randrange(sizeMax)
                    data = bytes([chance.randrange(1, 256)]) * chance.choice([1, 7, 4096, 5000, 65536, 200000])
                    assert os.pwrite(fd, data, offset) == len(data)
                    if len(model) < offset: model.extend(bytes(offset - len(model)))
                    model[offset:offset + len(data)] = data
                if chance.randrange(2): check("what was just written", os.pread(fd, len(data), offset), data)
            elif kind == "read":
                offset = chance.randrange(sizeMax)
                size = chance.randrange(1, 300000)
                check("a read", os.pread(fd, size, offset), bytes(model[offset:offset + size]))
            elif kind == "stat":
                size = os.fstat(fd).st_size if chance.randrange(2) else os.stat(path).st_size
                assert size == len(model), f"a size of {size}, not {len(model)}"
            elif kind == "truncate":
                size = chance.randrange(sizeMax)
                os.ftruncate(fd, size) if chance.randrange(2) else os.truncate(path, size)
                if len(model) < size: model.extend(bytes(size - len(model)))
                del model[size:]
            elif kind == "append":
                with open(path, "ab") as file: file.write(b"appended")
                model.extend(b"appended")
            elif kind == "reopen":
                os.close(fd)
                with open(f"{host}/{name}", "rb") as file: check("after a close, on the host", file.read(), bytes(model))
                held[which] = os.open(path, os.O_RDWR)
            elif kind == "host":
                os.fsync(fd)
                with open(f"{host}/{name}", "rb") as file: check("after an fsync, on the host", file.read(), bytes(model))
            elif kind == "rewrite":
                del model[chance.randrange(1, len(model) + 1):]
                with open(path, "wb") as file:
                    for at in range(0, len(model), 65536): file.write(model[at:at + 65536])
        for mount in mounts:
            with open(f"{mount}/{name}", "rb") as file: check("at the end", file.read(), bytes(model))
    finally:
        for fd in held: os.close(fd)
    return bursts
`;

describe("writes that are answered before the server has", { skip: lacksMounts() || lacksPrograms("python3") }, () => {
  let site: Site;
  let server: Server;
  let program: Python;
  let mounts: string;

  before(async () => {
    site = await Site.create();
    server = await site.serve();
    const mountpoints = [await site.mount(server, { name: "one" }), await site.mount(server, { name: "other" })];
    mounts = JSON.stringify(mountpoints);
    program = new Python();
    await program.run(vocabulary);
  });
  after(async () => {
    await program?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  for (const seed of [1, 2, 3]) {
    test(`are seen by whoever looks (seed ${seed})`, { timeout }, async () => {
      const bursts = await program.run(`go_on(${seed}, 150, ${mounts}, "${site.data}", "random${seed}")`, timeout);
      assert.ok(Number(bursts) > 10);
    });
  }

  test("are neither lost nor out of order when the server is killed", { timeout }, async () => {
    const worked = program.run(`go_on(4, 400, ${mounts}, "${site.data}", "killed")`, timeout);
    let over = false;
    const ended = worked.finally(() => {
      over = true;
    });
    for (let life = 0; life < 8 && !over; life++) {
      await Promise.race([delay(150 + 60 * life), ended]);
      await server.stop("SIGKILL");
      await server.start();
    }
    await ended;
  });

  test("of several programs at once are all there", { timeout }, async () => {
    const writers = Array.from({ length: 4 }, () => new Python());
    const file = join(site.data, "together");
    try {
      const [one] = JSON.parse(mounts) as [string];
      await shell(`: > ${file}`, "/");
      const wrote = writers.map((writer, index) =>
        writer.run(`
fd = os.open("${one}/together", os.O_WRONLY)
for block in range(200): os.pwrite(fd, bytes([${index + 1}]) * 1000, (block * 4 + ${index}) * 1000)
os.close(fd)`),
      );
      await Promise.all(wrote);
      const bytes = await readFile(file);
      assert.equal(bytes.length, 800_000);
      for (let block = 0; block < 800; block++) {
        const part = bytes.subarray(block * 1000, (block + 1) * 1000);
        assert.ok(
          part.every((byte) => byte === (block % 4) + 1),
          `block ${block}`,
        );
      }
    } finally {
      for (const writer of writers) await writer[Symbol.asyncDispose]();
    }
  });

  test("what does not fit is told by a write, an fsync or the close", { skip: takesRoot, timeout }, async () => {
    const small = join(site.dir, "small-disk");
    await mkdir(small);
    await shell(`mount -t tmpfs -o size=2m none ${small}`, "/");
    try {
      const tiny = await site.serve({ exports: [`small=${small}`], state: join(site.dir, "small-state") });
      const mountpoint = await site.mount(tiny, { name: "small", export: "small" });
      for (const last of ["os.close(fd)", "os.fsync(fd)"]) {
        await program.run(`
fd = os.open("${mountpoint}/f", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
failed = None
try:
    for block in range(64): os.pwrite(fd, b"x" * 65536, block * 65536)
    ${last}
except OSError as error: failed = error.errno
try: os.close(fd)
except OSError: pass`);
        assert.equal(await program.run("failed"), 28, `ENOSPC by ${last} at the latest`);
      }
      await site.umount(mountpoint);
    } finally {
      await shell(`umount -l ${small}`, "/");
    }
  });
});
