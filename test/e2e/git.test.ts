import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";

const timeout = 240_000;
/** The index has inode numbers and times in it; logs, packs and worktrees have paths of their place. */
const differing = ["index", "logs", "config", "packed-refs", "*.rev", "FETCH_HEAD", "commit-graph*", "gitdir", ".git"];
/** With the times of commits fixed, the same history has the same names in both places. */
const setUp = `
  export GIT_AUTHOR_DATE='2030-01-01T00:00:00Z' GIT_COMMITTER_DATE='2030-01-01T00:00:00Z'
  git init -q -b main one; cd one
  for i in $(seq 30); do mkdir -p d$((i % 3)); seq "$i" 50 > d$((i % 3))/f$i; done
  ln -s d0/f3 link; echo '#!/bin/sh' > tool; chmod +x tool
  git add -A; git commit -q -m first; git status --porcelain`;

describe("git in a mount does what it does in a plain folder", { skip: lacksMounts() || lacksPrograms("git") }, () => {
  let places: BothPlaces;
  before(async () => {
    places = await BothPlaces.create();
  });
  after(() => places?.[Symbol.asyncDispose]());

  const scene = (name: string, folder: string, script: string): void => {
    test(name, { timeout }, async () => {
      await places.compare(folder, setUp + script, { differing, timeoutMs: timeout });
    });
  };

  scene(
    "clone: a repository, and a clone of it",
    "clone",
    `
    for i in $(seq 5); do echo "more $i" >> d1/f1; git commit -q -am "change $i"; done
    git mv d2 d9; git rm -q d0/f3; git commit -q -m moved
    git clone -q . ../two; git -C ../two status --porcelain
    git -C ../two log --format='%H %s' | sort; git ls-files -s`,
  );

  scene(
    "commit, branch, merge, a conflict, rebase, stash, cherry-pick, revert, bisect, reset and clean",
    "history",
    `
    git checkout -q -b side; sed -i 's/^40$/forty of side/' d1/f1; git commit -q -am 'side 1'
    echo new > d2/new; git add d2/new; git commit -q -m 'side 2'
    git checkout -q main; sed -i 's/^40$/forty of main/' d1/f1; git commit -q -am 'main 1'
    ! git merge -q -m merged side; git status --porcelain; cat d1/f1
    sed -i '/^[<=>]\\{7\\}/d' d1/f1; git add d1/f1; git commit -q -m merged
    git checkout -q -b rebased HEAD^; git mv d0 d7; git commit -q -m 'renamed folder'
    git rebase -q main; echo more >> tool; git commit -q -am 'to squash'; git rebase -q --onto main~1 main
    GIT_SEQUENCE_EDITOR="sed -i '2s/pick/fixup/'" git rebase -q -i HEAD~2; git log --format='%H %s'
    git checkout -q main; echo unfinished >> d2/f2; echo untracked > notes
    git stash push -q -u -m unfinished; git status --porcelain; git stash list; git cherry-pick rebased > /dev/null
    git stash pop -q; git status --porcelain; git stash -q -u; git stash branch again > /dev/null; git status --porcelain
    git reset -q --hard; git clean -fdxq; git checkout -q main; git revert --no-edit HEAD > /dev/null
    git bisect start HEAD~1 HEAD~3 > /dev/null; git bisect run test ! -e d7/f3 | grep 'first bad'; git bisect reset 2> /dev/null
    git tag -a -m tagged v1; git describe; git branch -q -m side aside; git branch -q -D again
    git log --all --graph --format='%H %s'; git fsck --full --strict --no-dangling; git ls-files -s; git status --porcelain`,
  );

  scene(
    "gc, repack, prune, pack-refs and fsck, and every object is there afterwards",
    "gc",
    `
    git config core.commitGraph false
    for i in $(seq 12); do echo "more $i" >> d1/f1; git commit -q -am "change $i"; git branch b$i; done
    git rev-list --objects --all | cut -d ' ' -f 1 | sort > ../objects
    git gc -q; git fsck --full --strict --no-dangling; git count-objects -v | grep -E '^(count|in-pack|packs|garbage)'
    git branch -q -D b12; git reset -q --hard HEAD~2; git reflog expire --expire=now --all
    git repack -adq --write-bitmap-index; git prune --expire=now; git pack-refs --all; git fsck --full --strict --no-dangling
    git cat-file --batch-all-objects --batch-check | sort; git for-each-ref
    git gc -q --aggressive --prune=now; git status --porcelain; rm ../objects
    # Packs are compressed by as many threads as there are processors, so their bytes may differ.
    find .git/objects -name '*.pack' | wc -l; git verify-pack .git/objects/pack/*.idx; rm -rf .git/objects`,
  );

  scene(
    "worktrees: add, commit in, list, move, lock, remove, prune",
    "worktrees",
    `
    git worktree add -q -b second ../second; git worktree add -q --detach ../third HEAD
    for each in ../second ../third; do (cd $each; echo here >> tool; git commit -q -am "in $each"; git status --porcelain); done
    git worktree list | sed "s|$(realpath ..)||"; ! git checkout -q second 2> /dev/null
    git worktree move ../second ../moved; git -C ../moved log --format='%H %s'; git -C ../moved status --porcelain
    git worktree lock ../moved; ! git worktree remove ../moved 2> /dev/null; git worktree unlock ../moved
    git worktree remove ../moved; rm -r ../third; git worktree prune -v; git worktree list | sed "s|$(realpath ..)||"
    git merge -q second; git fsck --full --strict --no-dangling; git log --format='%H %s'`,
  );

  test("four clones push to one repository at once, and no commit is lost", { timeout }, async () => {
    const { mounted } = places;
    const output = await places.script(
      `
      mkdir pushed; cd pushed; git init -q --bare -b main hub; git clone -q hub seed 2> /dev/null
      (cd seed; git commit -q --allow-empty -m root; git push -q origin main)
      for who in 1 2 3 4; do git clone -q hub $who; done
      work() {
        cd $1
        for n in $(seq 3); do
          echo $n > file-$1-$n; git add .; git commit -q -m "$1 $n"
          until git push -q origin main 2> /dev/null; do git pull -q --rebase; done
        done
      }
      for who in 1 2 3 4; do work $who & pids[who]=$!; done
      for who in 1 2 3 4; do wait \${pids[who]}; done
      git -C hub fsck --full --strict --no-dangling; git -C hub log --format=%s main | sort; git -C hub ls-tree --name-only main | wc -l`,
      mounted,
      timeout,
    );
    const commits = [1, 2, 3, 4].flatMap((who) => [1, 2, 3].map((n) => `${who} ${n}`));
    assert.deepEqual(output.trim().split("\n"), [...commits, "root", "12"]);
  });
});
