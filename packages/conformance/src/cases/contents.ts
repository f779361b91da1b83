import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";
import type { VolumeFileHandle } from "../volume-api.ts";

const gibibyte = 2 ** 30;

/** Bytes that tell where they are, so that a shifted or repeated piece shows. */
export function patternOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

async function readAt(handle: VolumeFileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length, 0xee);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

export const contentsCases: readonly ConformanceCase[] = [
  {
    name: "contents: all 256 byte values come back",
    async run({ fs, path }) {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
      await fs.writeFile(path("file"), bytes);
      assert.deepEqual(await fs.readFile(path("file")), bytes);
    },
  },
  {
    name: "contents: sizes round every power of two from 1 byte to 256 KiB",
    async run({ fs, path }) {
      for (let power = 1; power <= 1 << 18; power *= 4) {
        for (const size of [power - 1, power, power + 1]) {
          const bytes = patternOf(size, size + 1);
          await fs.writeFile(path("file"), bytes);
          assert.ok((await fs.readFile(path("file"))).equals(bytes), `${size} bytes`);
        }
      }
    },
  },
  {
    name: "contents: three megabytes and a bit, written and read in odd pieces",
    async run({ path, open }) {
      const bytes = patternOf(3 * 1024 * 1024 + 17);
      const handle = await open(path("file"), "w+");
      for (let at = 0; at < bytes.length; at += 99_991) {
        await handle.write(bytes.subarray(at, at + 99_991), 0, null, at);
      }
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += 65_537) pieces.push(await readAt(handle, 65_537, at));
      assert.ok(Buffer.concat(pieces).equals(bytes));
    },
  },
  {
    name: "contents: three megabytes in one write and one read",
    async run({ fs, path, open }) {
      const bytes = patternOf(3 * 1024 * 1024 + 1);
      const handle = await open(path("file"), "w+");
      assert.equal((await handle.write(bytes, 0, bytes.length, 0)).bytesWritten, bytes.length);
      assert.ok((await readAt(handle, bytes.length, 0)).equals(bytes));
      assert.ok((await fs.readFile(path("file"))).equals(bytes));
    },
  },
  {
    name: "contents: a thousand writes of one byte",
    async run({ fs, path, open }) {
      const bytes = patternOf(1000);
      const handle = await open(path("file"), "w");
      for (let at = 0; at < bytes.length; at += 1) await handle.write(bytes, at, 1, null);
      assert.ok((await fs.readFile(path("file"))).equals(bytes));
    },
  },
  {
    name: "contents: a write in the middle changes those bytes only",
    async run({ fs, path, open }) {
      const bytes = patternOf(20_000);
      await fs.writeFile(path("file"), bytes);
      const handle = await open(path("file"), "r+");
      await handle.write(Buffer.alloc(5001, 7), 0, 5001, 4095);
      const expected = Buffer.from(bytes).fill(7, 4095, 4095 + 5001);
      assert.ok((await fs.readFile(path("file"))).equals(expected));
    },
  },
  {
    name: "contents: reading at and past the end gives nothing, across the end what there is",
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "0123456789");
      const handle = await open(path("file"), "r");
      assert.equal((await readAt(handle, 10, 10)).length, 0);
      assert.equal((await readAt(handle, 10, 1_000_000)).length, 0);
      assert.equal((await readAt(handle, 100, 6)).toString(), "6789");
      assert.equal((await readAt(handle, 0, 0)).length, 0);
    },
  },
  {
    name: "contents: an empty file reads as nothing",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "");
      assert.equal((await fs.readFile(path("file"))).length, 0);
    },
  },
  {
    name: "contents: a write past the end leaves zeros between",
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w");
      await handle.write("start", 0);
      await handle.write("end", 100_000);
      const content = await fs.readFile(path("file"));
      const expected = Buffer.concat([Buffer.from("start"), Buffer.alloc(99_995), Buffer.from("end")]);
      assert.ok(content.equals(expected));
    },
  },
  {
    name: "contents: holes take no blocks",
    needs: ["sparse"],
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w");
      await handle.write("x", 64 * 1024 * 1024);
      await handle.sync();
      const { size, blocks } = await fs.stat(path("file"));
      assert.equal(size, 64 * 1024 * 1024 + 1);
      assert.ok(blocks < 2000, `${blocks} blocks`);
    },
  },
  {
    name: "contents: offsets past 2, 4 and 1,024 gigabytes are exact",
    needs: ["sparse", "large-files"],
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w+");
      for (const offset of [2 * gibibyte - 2, 4 * gibibyte - 2, 1024 * gibibyte + 1]) {
        await handle.write(`at ${offset}`, offset);
        assert.equal((await readAt(handle, 100, offset)).toString(), `at ${offset}`);
        assert.equal((await fs.stat(path("file"), { bigint: true })).size, BigInt(offset + `at ${offset}`.length));
      }
      assert.equal((await readAt(handle, 4, 2 * gibibyte - 4)).toString("latin1"), "\0\0at");
    },
  },
  {
    name: "contents: one handle reads at once what another has written",
    async run({ path, open }) {
      const writer = await open(path("file"), "w");
      const reader = await open(path("file"), "r");
      for (let turn = 0; turn < 20; turn += 1) {
        const text = `turn ${turn}`.padEnd(4000 + turn);
        await writer.write(text, turn * 4000);
        assert.equal((await readAt(reader, text.length, turn * 4000)).toString(), text);
      }
    },
  },
  {
    name: "contents: sixteen writes and reads at the same time do not disturb each other",
    async run({ fs, path, open }) {
      const part = 50_003;
      const bytes = patternOf(16 * part);
      const handle = await open(path("file"), "w+");
      const parts = Array.from({ length: 16 }, (_, index) => index * part);
      await Promise.all(parts.map((at) => handle.write(bytes.subarray(at, at + part), 0, part, at)));
      const read = await Promise.all(parts.map((at) => readAt(handle, part, at)));
      assert.ok(Buffer.concat(read).equals(bytes));
      assert.ok((await fs.readFile(path("file"))).equals(bytes));
    },
  },
  {
    name: "contents: a handle's own position moves with what is read and written",
    async run({ path, open }) {
      const handle = await open(path("file"), "w+");
      await handle.write("01234");
      await handle.write("56789");
      const other = await open(path("file"), "r");
      const buffer = Buffer.alloc(4);
      const seen: string[] = [];
      for (let bytesRead = -1; bytesRead !== 0; ) {
        ({ bytesRead } = await other.read(buffer));
        seen.push(buffer.toString("utf8", 0, bytesRead));
      }
      assert.deepEqual(seen, ["0123", "4567", "89", ""]);
    },
  },
  {
    name: "contents: a write of nothing changes nothing",
    async run({ fs, path, open, tick }) {
      await fs.writeFile(path("file"), "x");
      const before = await fs.stat(path("file"), { bigint: true });
      await tick();
      const handle = await open(path("file"), "r+");
      await handle.write(Buffer.alloc(0), 0, 0, 1000);
      const after = await fs.stat(path("file"), { bigint: true });
      assert.equal(after.size, 1n);
      assert.equal(after.mtimeNs, before.mtimeNs);
    },
  },
  {
    name: "contents: fsync and fdatasync succeed and change nothing",
    async run({ fs, path, open }) {
      const bytes = patternOf(300_000);
      const handle = await open(path("file"), "w+");
      await handle.write(bytes);
      await handle.datasync();
      await handle.sync();
      assert.ok((await fs.readFile(path("file"))).equals(bytes));
      const reader = await open(path("file"), "r");
      await reader.sync();
    },
  },
  {
    name: "contents: O_SYNC and O_DSYNC writes come back",
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "as");
      await handle.write("synchronous");
      assert.equal(await fs.readFile(path("file"), "utf8"), "synchronous");
    },
  },
  {
    name: "contents: copyFile copies bytes and mode",
    async run({ fs, path }) {
      const bytes = patternOf(2_500_000);
      await fs.writeFile(path("source"), bytes);
      await fs.chmod(path("source"), 0o640);
      await fs.copyFile(path("source"), path("copy"));
      assert.ok((await fs.readFile(path("copy"))).equals(bytes));
      assert.equal((await fs.stat(path("copy"))).mode & 0o7777, 0o640);
    },
  },
  {
    name: "contents: appendFile makes and extends a file",
    async run({ fs, path }) {
      await fs.appendFile(path("file"), "one ");
      await fs.appendFile(path("file"), "two");
      assert.equal(await fs.readFile(path("file"), "utf8"), "one two");
    },
  },
  {
    name: "contents: writing clears set-uid and set-gid, unless root does it",
    needs: ["identities", "set-id"],
    async run({ fs, path, as, open }) {
      await fs.writeFile(path("program"), "content");
      await fs.chmod(path("program"), 0o6777);
      const mine = await open(path("program"), "r+");
      await mine.write("root", 0);
      assert.equal((await fs.stat(path("program"))).mode & 0o7777, 0o6777);
      const theirs = await open(path("program"), "r+", undefined, as(alice));
      await theirs.write("user", 0);
      assert.equal((await fs.stat(path("program"))).mode & 0o7777, 0o777);
    },
  },
];
