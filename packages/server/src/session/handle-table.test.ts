import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const module = JSON.stringify(new URL("./handle-table.ts", import.meta.url).href);
const script = `
  const { HandleTable } = await import(${module});
  const fileSystem = { release: async () => {}, releasedir: async () => {} };
  const [mine, theirs] = [new HandleTable(fileSystem), new HandleTable(fileSystem)];
  const fill = (table) => {
    for (let number = 1; ; number++) {
      try {
        table.checkRoom();
      } catch (error) {
        return [table.size, error.code];
      }
      table.set(number, { local: number, node: "n", flags: 0, directory: false });
    }
  };
  const said = [fill(mine), fill(theirs)];
  mine.delete(1);
  said.push(fill(theirs));
  await theirs.closeAll();
  said.push(fill(mine));
  console.log(JSON.stringify(said));`;

test("all sessions together leave the server descriptors to look names up with", () => {
  const command = ["--nofile=9192", process.execPath, "--input-type=module", "-e", script];
  const said = JSON.parse(execFileSync("prlimit", command, { encoding: "utf8", timeout: 20_000 }));
  assert.deepEqual(said, [
    [4596, "ENFILE"],
    [0, "ENFILE"],
    [1, "ENFILE"],
    [4596, "ENFILE"],
  ]);
});
