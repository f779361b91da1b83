// Reads or writes blocks of 4 KiB at random places of a file, one after the other: random-io.ts read|write|check FILE COUNT.
// The places are the same each time. `check` prints how many of the blocks that `write` writes are in the file, "N/COUNT".
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

const blockBytes = 4096;
const [mode, file = "", countText = "0"] = process.argv.slice(2);
const count = Number(countText);
const descriptor = openSync(file, mode === "write" ? "r+" : "r");
const blocks = Math.floor(fstatSync(descriptor).size / blockBytes);
const marked = Buffer.alloc(blockBytes, "kedge-bench ");
const block = Buffer.alloc(blockBytes);

let found = 0;
for (const place of places(blocks, count)) {
  if (mode === "write") writeSync(descriptor, marked, 0, blockBytes, place * blockBytes);
  else if (readSync(descriptor, block, 0, blockBytes, place * blockBytes) !== blockBytes)
    throw new Error("a short read");
  if (mode === "check" && block.equals(marked)) found++;
}
if (mode === "write") fsyncSync(descriptor);
closeSync(descriptor);
if (mode === "check") process.stdout.write(`${found}/${count}`);

/** A linear congruential generator (the constants of Numerical Recipes): no need for more. */
function* places(span: number, length: number): Generator<number> {
  let state = 20_260;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield Math.floor((state / 2 ** 32) * span);
  }
}
