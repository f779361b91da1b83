import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { missingForMounts, ServedMount } from "./served-mount.ts";

const run = promisify(execFile);
const python = (program: string, ...args: string[]) => run("python3", ["-c", program, ...args], { timeout: 20_000 });
const skip = missingForMounts() ?? false;
const timeout = 60_000;

describe("two mounts of one file system", { skip, timeout }, () => {
  for (const options of ["", "direct_io"]) {
    test(`show each other's changes to an open file at once, mtime put back or not (${options || "cached"})`, async () => {
      const served = await ServedMount.start({ options, mounts: 2 });
      try {
        const [here = "", there = ""] = served.mountpoints;
        await fs.writeFile(join(there, "file"), "round 0");
        const file = await fs.open(join(here, "file"), "r");
        const read = async () => (await file.read(Buffer.alloc(20), 0, 20, 0)).buffer.toString("utf8", 0, 7);
        try {
          assert.equal(await read(), "round 0");
          const writeAndPutBack = `
import os, sys
s = os.stat(sys.argv[1])
f = os.open(sys.argv[1], os.O_WRONLY)
os.write(f, sys.argv[2].encode())
os.close(f)
os.utime(sys.argv[1], ns=(s.st_atime_ns, s.st_mtime_ns))`;
          for (const round of ["round 1", "round 2", "round 3"]) {
            await python(writeAndPutBack, join(there, "file"), round);
            assert.equal(await read(), round);
            await fs.writeFile(join(there, "file"), round.replace("round", "again"));
            assert.equal(await read(), round.replace("round", "again"));
          }
          await fs.unlink(join(there, "file"));
          await assert.rejects(fs.stat(join(here, "file")), { code: "ENOENT" });
        } finally {
          await file.close();
        }
      } finally {
        await served.stop();
      }
    });
  }
});
