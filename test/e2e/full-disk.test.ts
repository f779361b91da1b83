import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lacksMounts, lacksPrograms, lacksRoot } from "../support/prerequisites.ts";
import { Site, shell, succeed } from "../support/site.ts";

const timeout = 120_000;
const megabyte = 1 << 20;

describe("a file system of 2 MiB that is full", {
  skip: lacksMounts() || lacksRoot() || lacksPrograms("python3"),
}, () => {
  let site: Site;
  let plain: string;
  let mounted: string;
  before(async () => {
    site = await Site.create();
    plain = site.folder("plain");
    const backing = site.folder("backing");
    for (const folder of [plain, backing]) await shell(`mount -t tmpfs -o size=2m none '${folder}'`, "/");
    mounted = await site.mount(await site.serve({ exports: [`small=${backing}`] }), { export: "small" });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]().finally(() =>
      shell(`umount -l '${plain}' '${join(site.dir, "backing")}' || true`, "/"),
    );
  });

  const python = (program: string, folder: string): Promise<string> =>
    succeed("python3", ["-c", `import errno, mmap, os, sys, time\nos.chdir(sys.argv[1])\n${program}`, folder], {
      timeoutMs: timeout,
    });

  for (const flag of ["O_APPEND", "O_SYNC", "O_DSYNC"]) {
    test(`takes of a write with ${flag} what fits, says how much, and then ENOSPC, as the plain one`, {
      timeout,
    }, async () => {
      const program = `
def tell(call, *args):
    try: return call(*args)
    except OSError as error: return errno.errorcode[error.errno]
fd = os.open("file", os.O_WRONLY | os.O_CREAT | os.${flag})
data = bytes(range(251)) * 8000
print([tell(os.write, fd, data[:size]) for size in (700_001, 800_000, 1_000_000, 5, 1)], os.fstat(fd).st_size)
print(tell(os.close, fd), os.statvfs(".").f_bavail, sum(open("file", "rb").read()))
os.unlink("file")
# The kernel lets the close of a mount's file be done later, and with it the unlink's.
while os.statvfs(".").f_bavail < ${2 * megabyte} // 4096: time.sleep(0.01)`;
      assert.equal(await python(program, mounted), await python(program, plain));
    });
  }

  test("makes msync fail where stores to a shared map found no room", {
    timeout,
  }, async () => {
    // In a plain folder of tmpfs such a store ends the process (SIGBUS), so there is no control.
    const program = `
# What is written back in one piece is to fit in part.
with open("other", "wb") as other: other.write(bytes(1_500_000))
fd = os.open("mapped", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, ${megabyte})
view = mmap.mmap(fd, 0)
for at in range(0, ${megabyte}, 4096): view[at] = 1
try: view.flush(); print("well")
except OSError as error: print(errno.errorcode[error.errno])
os._exit(0)`;
    assert.equal(await python(program, mounted), "ENOSPC\n");
  });
});
