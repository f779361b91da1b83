import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { realTree } from "../support/trees.ts";

const timeout = 240_000;

describe("programs do in a mount what they do in a plain folder", { skip: lacksMounts() }, () => {
  let places: BothPlaces;
  before(async () => {
    places = await BothPlaces.create();
    await realTree(join(places.plain, "real"), 200);
  });
  after(() => places?.[Symbol.asyncDispose]());

  const scene = (name: string, programs: readonly string[], script: string, differing: string[] = []): void => {
    test(name, { timeout, skip: lacksPrograms(...programs) }, async () => {
      await places.compare(name.replace(/\W+/g, "-"), script, { differing, timeoutMs: timeout });
    });
  };

  scene(
    "make builds a C program, and it runs from where it was built",
    ["make", "gcc"],
    `
    printf 'int twice(int);\\n' > twice.h
    printf '#include "twice.h"\\nint twice(int n) { return 2 * n; }\\n' > twice.c
    printf '#include <stdio.h>\\n#include "twice.h"\\nint main(void) { printf("%%d\\\\n", twice(21)); }\\n' > main.c
    printf 'main: main.o libtwice.a\\n\\tgcc -o $@ main.o -L. -ltwice\\nlibtwice.a: twice.o\\n\\tar crD $@ $^\\n%%.o: %%.c twice.h\\n\\tgcc -c -o $@ $<\\n' > Makefile
    make; ./main; make
    sleep 0.01; sed -i 's/2 \\* n/3 * n/' twice.c; make; ./main
    touch -d '1 minute ago' *.c *.h; make -q && echo nothing to do`,
  );

  scene(
    "npm installs a project whose dependencies are folders and a package file",
    ["npm"],
    `
    export npm_config_cache="$PWD/cache" npm_config_offline=true npm_config_audit=false npm_config_fund=false
    # npm keeps compiled code in the folder for temporary files, where it would be left.
    export npm_config_update_notifier=false npm_config_loglevel=error NODE_DISABLE_COMPILE_CACHE=1
    mkdir -p packed/lib linked app
    echo '{"name":"packed","version":"1.2.3","main":"lib/main.js","bin":{"say":"lib/say.js"}}' > packed/package.json
    echo 'module.exports = () => "packed";' > packed/lib/main.js
    printf '#!/usr/bin/env node\\nconsole.log(require("./main.js")());\\n' > packed/lib/say.js
    for i in $(seq 50); do echo "module.exports = $i;" > packed/lib/part$i.js; done
    echo '{"name":"linked","version":"2.0.0","main":"main.js"}' > linked/package.json
    echo 'module.exports = () => "linked";' > linked/main.js
    (cd packed && npm pack --silent --pack-destination ../app > ../name; rm -rf ../cache)
    cd app
    echo '{"name":"app","version":"1.0.0","dependencies":{"packed":"file:packed-1.2.3.tgz","linked":"file:../linked"}}' > package.json
    npm install --silent --package-lock-only; npm ci --silent
    node -e 'console.log(require("packed")(), require("linked")())'
    node_modules/.bin/say; npm ci --silent; find node_modules | LC_ALL=C sort; rm -rf ../cache`,
    // npm makes the package file anew in each place, and its lock file holds the file's digest and the time.
    ["*.tgz", "package-lock.json", ".package-lock.json"],
  );

  scene(
    "python reads and writes through memory maps",
    ["python3"],
    `
    python3 - <<'END'
import mmap, os, random
random.seed(7)
content = random.randbytes(3 * 2**20 + 123)
with open("mapped", "wb") as file: file.write(content)
with open("mapped", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
    assert view[:] == content
    assert view.find(content[2_000_000:2_000_050]) == 2_000_000
with open("mapped", "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
    for at in range(0, len(content), 70_001): view[at] = 255
    view.flush()
    # What was written through the map is read through the file, and the other way.
    file.seek(70_001); assert file.read(1) == b"\\xff"
    os.pwrite(file.fileno(), b"through the file", 5000)
    assert view[5000:5016] == b"through the file"
END
    sha256sum mapped`,
  );

  scene(
    "processes of Python lock ranges of a file and change it through shared maps",
    ["python3"],
    `
    truncate -s 64K counters
    python3 - <<'END'
import fcntl, mmap, os, struct, sys
def work():
    with open("counters", "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        for turn in range(300):
            at = turn % 16 * 4096
            fcntl.lockf(file, fcntl.LOCK_EX, 8, at)
            struct.pack_into("<Q", view, at, struct.unpack_from("<Q", view, at)[0] + 1)
            if turn % 10 == 0: view.flush(at, 4096)
            fcntl.lockf(file, fcntl.LOCK_UN, 8, at)
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        try: work()
        except BaseException as error: print(error, file=sys.stderr); os._exit(1)
        os._exit(0)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
with open("counters", "rb") as file:
    counts = [struct.unpack("<Q", os.pread(file.fileno(), 8, at * 4096))[0] for at in range(16)]
assert sum(counts) == 4 * 300, counts
# A lock that another process holds is refused, and told of.
with open("counters", "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 100, 50)
    if os.fork() == 0:
        with open("counters", "r+b") as other:
            try: fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 149); refused = False
            except OSError: refused = True
            fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 150)
            asked = fcntl.fcntl(other, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
            kind, _, start, length, pid = struct.unpack("hhqqi4x", asked)
            os._exit(0 if refused and (kind, start, length, pid) == (fcntl.F_WRLCK, 50, 100, os.getppid()) else 1)
    assert os.wait()[1] == 0
print(counts, fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE)
END
    sha256sum counters`,
  );

  scene(
    "dpkg-deb builds a package, tells what is in it and unpacks it",
    ["dpkg-deb"],
    `
    export SOURCE_DATE_EPOCH=1900000000
    mkdir -p package/DEBIAN package/usr/bin package/usr/share/doc/tested out
    printf 'Package: tested\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: Tester <tester@example.org>\\nDescription: A test\\n' > package/DEBIAN/control
    printf '#!/bin/sh\\n' > package/DEBIAN/postinst; chmod 755 package/DEBIAN/postinst
    printf '#!/bin/sh\\necho tested\\n' > package/usr/bin/tested; chmod 4755 package/usr/bin/tested; ln -s tested package/usr/bin/other
    for i in $(seq 40); do seq $((i * 100)) > package/usr/share/doc/tested/$i; done
    find package -exec touch -h -d @1900000000 {} +
    dpkg-deb --root-owner-group --build package tested.deb; dpkg-deb --info tested.deb; dpkg-deb --contents tested.deb
    dpkg-deb --raw-extract tested.deb out; out/usr/bin/tested
    (cd out; find . ! -type d -printf '%P %y %m %l %T@\\n' -o -printf '%P %y %m\\n' | sort); sha256sum tested.deb`,
  );

  scene(
    "inotifywait tells of all changes that are made through the same mount",
    ["inotifywait"],
    `
    mkdir watched watched/sub; echo old > watched/old; cd watched
    inotifywait -q -m --format '%w%f %e' . sub > ../events 2> ../errors & watcher=$!
    # It says when it is ready only where it also says other things; what it tells of is the sign here.
    until touch sign; rm sign; [ -s ../events ]; do sleep 0.05; done
    : > begin
    echo one > made; echo two >> made; cat made > /dev/null; chmod 600 made; touch -d '2001-01-01' made; truncate -s 1 made
    ln made linked; ln -s made symlink; mv made moved; mv moved sub/moved; mv sub/moved old; mkdir folder; rmdir folder
    cp old sub/copy; rm sub/copy linked symlink; ls sub > /dev/null; echo again >> old; rm old; rmdir sub; mkfifo fifo; rm fifo
    : > end
    until grep -q '^./end CLOSE_WRITE' ../events; do sleep 0.05; done
    kill "$watcher"; wait "$watcher" || true
    sed -n '/^.\\/begin CREATE/,$p' ../events; cat ../errors; rm ../events ../errors`,
  );

  scene(
    "find, ls -l, du, df and stat tell the same of a real tree",
    ["find", "ls", "du", "stat"],
    `
    mkdir tree; tar -C "$PLAIN/real" -cf - . | tar -C tree -xpf -; cd tree; chmod 640 "$(find . -type f | sort | head -n 1)"
    find . -printf '%P %y %m %u %g %s %T@ %n %l\\n' | sort | grep -v ' d '; find . -type d | sort
    find . -type f -size +8k -newermt 2000-01-01 -perm -444 ! -user 4242 | sort; find . -samefile "$(find . -type f | sort | head -n 1)"
    ls -lR --time-style=full-iso; ls -laid . > /dev/null; ls --group-directories-first -X
    du -ab . | sort -k 2; du -s --inodes .; du -sc --apparent-size *; du -s .
    stat -f -c '%b %S' . ; df --output=itotal,size . | tail -n 1; cd ..; rm -r tree`,
  );

  test("files of a hundred megabytes arrive as they are", { timeout }, async () => {
    const large = join(places.plain, "large");
    await places.script(
      `head -c 100M /dev/urandom > '${large}'; cp '${large}' large; sync large; cmp '${large}' large; rm large`,
      places.mounted,
      timeout,
    );
  });
});
