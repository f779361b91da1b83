import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { lacksMounts, lacksPrograms, lacksRoot } from "../support/prerequisites.ts";

const timeout = 240_000;

/** In the shell: run a command as a user; its group and, besides, its supplementary groups. Nobody of that name need exist. */
const users = `
  export LC_ALL=C
  as() { local uid=$1 gid=$2 groups=$3; shift 3; setpriv --reuid "$uid" --regid "$gid" --groups "$groups" -- "$@"; }
  alice() { as 70001 70001 70001,70100,70200 bash -c "umask \${mask:-022}; $*" 2>&1 | sed 's/^bash: line [0-9]*: //' || echo "ended with $?"; }
  bob() { as 70002 70002 70002,70100 bash -c "umask \${mask:-022}; $*" 2>&1 | sed 's/^bash: line [0-9]*: //' || echo "ended with $?"; }
  carol() { as 70003 70003 70003 bash -c "umask \${mask:-022}; $*" 2>&1 | sed 's/^bash: line [0-9]*: //' || echo "ended with $?"; }
  each() { for who in alice bob carol; do echo "$who: $*"; $who "$@"; done; }
  show() { stat -c '%n %A %u:%g' "$@"; }`;

describe("users of one mount have exactly their own rights, as in a plain folder", {
  skip: lacksMounts() || lacksRoot() || lacksPrograms("setpriv", "setfacl", "python3"),
}, () => {
  let places: BothPlaces;
  before(async () => {
    places = await BothPlaces.create();
    chmodSync(places.plain, 0o755);
  });
  after(() => places?.[Symbol.asyncDispose]());

  const scene = (name: string, script: string): void => {
    test(name, { timeout }, async (t) => {
      const folder = name.replace(/\W+/g, "-");
      const output = await places.compare(folder, users + script, { timeoutMs: timeout });
      t.diagnostic(`${output.split("\n").length} lines agree`);
    });
  };

  scene(
    "owner, group, supplementary group and others",
    `
    install -d -m 755 -o 70001 -g 70001 home; cd home
    for mode in 600 640 660 604 066 000 400 711; do
      echo secret > file$mode; chmod $mode file$mode; chown 70001:70100 file$mode
      mkdir folder$mode; echo inside > folder$mode/file; chmod $mode folder$mode; chown 70001:70200 folder$mode
    done
    each 'for f in file*; do cat $f; echo more >> $f; test -r $f; echo -n $?; test -w $f; echo -n $?; test -x $f; echo $?; done'
    each 'for d in folder*; do ls $d; cat $d/file; cd $d && cd ..; echo new > $d/of-$UID; rm -f $d/of-$UID; done'
    each 'truncate -s 0 file640; touch file604; touch -d 2001-01-01 file604 file660; mv file660 renamed; mv renamed file660'
    show * | sort`,
  );

  scene(
    "chmod, chown and chgrp are for owners, and for groups that they belong to",
    `
    install -d -m 777 open; cd open; mkdir mine; touch file; chown 70001:70001 file mine
    each 'chmod 640 file; chmod 644 file; chown 70002 file; chown 70001 file; chgrp 70100 file; chgrp 70200 file; chgrp 70003 file; chgrp 70001 file'
    show *; alice 'chgrp 70200 file mine; chmod 2775 mine file; chmod 6755 file'; show *
    chgrp 70003 file; alice 'chmod 2755 file'; show file; chmod 6777 file; bob 'echo x >> file'; show file
    chmod 6777 file; alice 'echo x >> file'; show file; chmod 6777 file; bob 'truncate -s 1 file'; show file
    chmod 6777 file; alice 'chgrp 70100 file'; show file; chmod 6777 file; chown 70002 file; show file
    chmod 2767 file; bob 'echo x >> file'; show file
    alice 'setfattr -n user.x -v y file mine; setfattr -n trusted.x -v y mine; setfattr -n security.x -v y mine; getfattr -d -m - mine'
    carol 'setfattr -n user.x -v z mine; mknod device c 1 3; mkfifo fifo; ln file linked; ln -s file symlink'; show *; rm fifo`,
  );

  scene(
    "in a sticky directory only owners remove and rename",
    `
    install -d -m 1777 shared; install -d -m 1775 -o 70001 -g 70100 owned; install -d -m 777 free
    for d in shared owned free; do
      alice "echo a > $d/alices; mkdir $d/alices-folder; echo a > $d/alices2; chmod 666 $d/alices $d/alices2"
      bob "echo b > $d/bobs; mkdir $d/bobs-folder; echo b > $d/bobs2; chmod 666 $d/bobs $d/bobs2"
      carol "echo c >> $d/alices; rm -f $d/alices; mv $d/bobs $d/carols; rmdir $d/alices-folder; mv $d/bobs-folder $d/moved"
      bob "rm -f $d/alices; mv $d/bobs2 $d/alices2; mv $d/alices2 $d/bobs; ln $d/alices2 $d/link; rmdir $d/alices-folder"
      alice "mv $d/alices $d/bobs; rm -f $d/bobs; rmdir $d/bobs-folder; rm -f $d/alices2"
      ls -ln $d | awk '{print $1, $3, $4, $9}'
    done
    touch shared/of-root; carol 'rm -f shared/of-root; rmdir shared owned free'; rm shared/of-root`,
  );

  scene(
    "set-group-id directories and default ACLs decide what new names get",
    `
    install -d -m 2777 -o 70001 -g 70100 team; cd team
    for mask in 022 077 002; do each "d=$mask-\\$UID; touch $mask-\\$UID-file; mkdir $mask-\\$UID; touch $mask-\\$UID/file; mkdir -p $mask-\\$UID/deep/er"; done
    alice 'touch x; chmod 2755 x'; carol 'touch y; chmod 2755 y; chmod 2775 002-70003; mkdir -m 2777 z'
    find . | sort | while read -r name; do show "$name"; done
    install -d -m 777 listed; cd listed; setfacl -m u:70002:rwx,u:70003:-,g:70200:r,d:u:70002:rw,d:g:70200:r,d:o::- .
    for mask in 022 077; do each "touch $mask-\\$UID; mkdir $mask-\\$UID-folder; echo hello > hello-\\$UID"; done
    each 'cat hello-*; echo more >> hello-70001; getfacl -n hello-70001 022-70001-folder; setfacl -m u:70003:rw hello-70001; cat hello-70001'
    getfacl -n -R .`,
  );

  test("several at once, each with its own rights, and none with another's", { timeout }, async () => {
    const output = await places.script(
      `${users}
      install -d -m 777 at-once; cd at-once
      for uid in 70001 70002 70003; do install -d -m 700 -o $uid -g $uid of-$uid; done
      work='
        trap "echo failed: $UID at turn \\$i \\$BASH_COMMAND" ERR; set -E
        for i in {1..25}; do
          echo $UID > of-$UID/$i; [ "$(cat of-$UID/$i)" = $UID ]; [ "$(stat -c %u of-$UID/$i)" = $UID ]
          for other in 70001 70002 70003; do
            [ $other = $UID ] || if cat of-$other/$i || echo x > of-$other/$i || ls of-$other; then echo "$UID may $other"; fi 2> /dev/null
          done
        done; echo done'
      alice "$work" & bob "$work" & carol "$work" & wait`,
      places.mounted,
      timeout,
    );
    assert.deepEqual(output.trim().split("\n"), ["done", "done", "done"]);
  });

  test("a group that a process gets or loses counts at once", { timeout }, async () => {
    const file = join(places.mounted, "groups/file");
    const output = await places.script(
      `
      install -d -m 2770 -g 70200 groups; echo inside > groups/file
      python3 - <<'END'
import os
for groups in ([70001], [70001, 70200], [70001], [70200], []):
    os.setgroups(groups); os.setegid(70001); os.seteuid(70001)
    try: print(open("${file}").read().strip())
    except PermissionError: print("denied")
    os.seteuid(0)
END`,
      places.mounted,
      timeout,
    );
    assert.deepEqual(output.trim().split("\n"), ["denied", "inside", "denied", "inside", "denied"]);
  });
});
