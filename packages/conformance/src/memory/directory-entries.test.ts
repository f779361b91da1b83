import assert from "node:assert/strict";
import { test } from "node:test";
import { DirectoryEntries } from "./directory-entries.ts";
import type { Inode } from "./inode.ts";

const inode = (name: string) => ({ node: name }) as Inode;
const keysAfter = (entries: DirectoryEntries, cookie: bigint) => [...entries.after(cookie)].map(({ key }) => key);

test("a listing goes on behind a cookie whose entry is gone", () => {
  const entries = new DirectoryEntries();
  for (const key of ["a", "b", "c", "d"]) entries.set(key, inode(key));
  const cookieOfB = [...entries.after(0n)].find(({ key }) => key === "b")?.cookie ?? 0n;
  entries.delete("b");
  entries.delete("a");
  entries.set("e", inode("e"));
  assert.deepEqual(keysAfter(entries, cookieOfB), ["c", "d", "e"]);
});

test("a name made again comes behind those that a listing has passed", () => {
  const entries = new DirectoryEntries();
  for (const key of ["a", "b"]) entries.set(key, inode(key));
  entries.delete("a");
  entries.set("a", inode("another a"));
  assert.deepEqual(keysAfter(entries, 0n), ["b", "a"]);
});

test("a replaced name keeps its place", () => {
  const entries = new DirectoryEntries();
  for (const key of ["a", "b"]) entries.set(key, inode(key));
  entries.set("a", inode("new"));
  assert.deepEqual(keysAfter(entries, 0n), ["a", "b"]);
  assert.equal(entries.get("a")?.node, "new");
  assert.equal(entries.size, 2);
});
