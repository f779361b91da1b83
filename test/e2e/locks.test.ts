import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { Python } from "../support/python.ts";
import { type Server, Site } from "../support/site.ts";

const timeout = 120_000;

/** Opens files and locks ranges of them. */
const prelude = `
import fcntl, struct, os
def flk(type, start=0, length=0): return struct.pack("hhqqi4x", type, 0, start, length, 0)
def setlk(fd, type, start=0, length=0, command=fcntl.F_SETLK): fcntl.fcntl(fd, command, flk(type, start, length))
def getlk(fd, type, start=0, length=0):
    t, _, s, l, p = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, flk(type, start, length)))
    return None if t == fcntl.F_UNLCK else ["RW"[t == fcntl.F_WRLCK], s, l, p]
R, W, U, WAIT = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK, fcntl.F_SETLKW
`;

/** A program with a file open for reading and writing as \`fd\`. */
async function programOn(path: string): Promise<Python> {
  const program = new Python();
  await program.run(prelude);
  await program.run(`fd = os.open(${JSON.stringify(path)}, os.O_RDWR | os.O_CREAT, 0o644)`);
  return program;
}

const refused = { code: "EAGAIN" };

describe("locks of two mounts and of the storage host", { skip: lacksMounts() || lacksPrograms("python3") }, () => {
  let site: Site;
  let server: Server;
  let mounts: readonly string[];
  let count = 0;

  before(async () => {
    site = await Site.create();
    server = await site.serve();
    mounts = [await site.mount(server), await site.mount(server)];
  });
  after(() => site?.[Symbol.asyncDispose]());

  /** The same new file by the first mount, the second, and on the storage host. */
  const sides = async (): Promise<readonly Python[]> => {
    count++;
    const name = `file${count}`;
    writeFileSync(join(site.data, name), "content");
    return await Promise.all([...mounts, site.data].map((dir) => programOn(join(dir, name))));
  };

  test("a lock of any of them keeps the others from theirs, until it is given back", { timeout }, async () => {
    const programs = await sides();
    for (const holder of programs) {
      const others = programs.filter((each) => each !== holder);
      await holder.run("setlk(fd, W, 10, 5)");
      for (const other of others) {
        await assert.rejects(other.run("setlk(fd, R, 14, 1)"), refused);
        const pid = other === programs[2] ? -1 : 0;
        assert.deepEqual(await other.run("getlk(fd, R)"), ["W", 10, 5, holder === programs[2] && other === programs[2] ? 0 : pid]);
        await other.run("setlk(fd, W, 15, 1)");
        await other.run("setlk(fd, U, 15, 1)");
      }
      await holder.run("setlk(fd, U)");
      for (const other of others) {
        await other.run("setlk(fd, W)");
        await other.run("setlk(fd, U)");
      }
    }
    for (const each of programs) await each[Symbol.asyncDispose]();
  });
  void delay;
});
