import assert from "node:assert/strict";
import type { CaseContext, ConformanceCase } from "../case.ts";

async function keepsName({ fs, path, dir, rejects }: CaseContext, name: string): Promise<void> {
  await fs.writeFile(path(name), name);
  assert.deepEqual(await fs.readdir(dir), [name]);
  assert.equal(await fs.readFile(path(name), "utf8"), name);
  await fs.rename(path(name), path("plain"));
  await fs.rename(path("plain"), path(name));
  await fs.unlink(path(name));
  await rejects(fs.stat(path(name)), "ENOENT");
}

const unusual: Readonly<Record<string, string>> = {
  "a leading dash": "-rf",
  spaces: "  a  name ",
  "a newline": "line one\nline two\n",
  "control characters": "\u0001\u001b[31m\t\r\u007f",
  "a leading dot": ".hidden",
  "three dots": "...",
  "quotes and backslashes": `'"\\ \`$(x)*?[]`,
  "letters of many scripts": "Ünïcödé-名前-имя-🚢",
  "a trailing dot and space": "name. ",
  "characters that other systems refuse": "a:b|c<d>e",
};

export const namesCases: readonly ConformanceCase[] = [
  ...Object.entries(unusual).map(
    ([words, name]): ConformanceCase => ({
      name: `names: ${words} ${words.endsWith("s") ? "are" : "is"} kept`,
      run: (context) => keepsName(context, name),
    }),
  ),
  {
    name: "names: 255 bytes are possible, 256 are ENAMETOOLONG for every call",
    async run({ fs, path, rejects }) {
      const longest = "n".repeat(255);
      const tooLong = "n".repeat(256);
      await fs.writeFile(path(longest), "x");
      assert.equal((await fs.stat(path(longest))).size, 1);
      await fs.unlink(path(longest));
      await fs.mkdir(path(longest));
      await rejects(fs.stat(path(tooLong)), "ENAMETOOLONG");
      await rejects(fs.writeFile(path(tooLong), "x"), "ENAMETOOLONG");
      await rejects(fs.mkdir(path(tooLong)), "ENAMETOOLONG");
      await rejects(fs.symlink("x", path(tooLong)), "ENAMETOOLONG");
      await rejects(fs.unlink(path(tooLong)), "ENAMETOOLONG");
      await rejects(fs.rmdir(path(tooLong)), "ENAMETOOLONG");
      await rejects(fs.stat(path(tooLong, "below")), "ENAMETOOLONG");
    },
  },
  {
    name: "names: length counts in bytes, not in letters",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("ü".repeat(127)), "x");
      await rejects(fs.writeFile(path("ü".repeat(128)), "x"), "ENAMETOOLONG");
    },
  },
  {
    name: "names: upper and lower case are different, and so are composed and decomposed letters",
    async run({ fs, path, dir }) {
      const names = ["name", "NAME", "\u00e9", "e\u0301"];
      for (const name of names) await fs.writeFile(path(name), name);
      assert.deepEqual((await fs.readdir(dir)).sort(), [...names].sort());
      for (const name of names) assert.equal(await fs.readFile(path(name), "utf8"), name);
    },
  },
  {
    name: "names: bytes that are no UTF-8 are kept by every call",
    needs: ["byte-names", "hardlinks"],
    async run({ fs, dir, bytePath, rejects }) {
      const name = Buffer.from([0x66, 0xff, 0xc3, 0x28, 0x80]);
      const other = Buffer.from([0x66, 0xfe, 0xc3, 0x28, 0x80]);
      await fs.writeFile(bytePath(name), "first");
      await fs.writeFile(bytePath(other), "second");
      const listed = await fs.readdir(dir, "buffer");
      assert.deepEqual(listed.sort(Buffer.compare), [other, name]);
      assert.equal(await fs.readFile(bytePath(name), "utf8"), "first");
      await fs.rename(bytePath(name), bytePath(other));
      assert.equal(await fs.readFile(bytePath(other), "utf8"), "first");
      await rejects(fs.stat(bytePath(name)), "ENOENT");
      await fs.link(bytePath(other), bytePath(name));
      assert.equal((await fs.stat(bytePath(name))).nlink, 2);
      await fs.unlink(bytePath(name));
      await fs.mkdir(bytePath(name));
      await fs.rmdir(bytePath(name));
      await fs.symlink(other, bytePath(name));
      assert.equal(await fs.readFile(bytePath(name), "utf8"), "first");
    },
  },
  {
    name: "names: every byte but slash and NUL is possible",
    needs: ["byte-names"],
    async run({ fs, dir, bytePath }) {
      const names: Buffer[] = [];
      for (let byte = 1; byte < 256; byte += 1) {
        if (byte !== 0x2f) names.push(Buffer.from([0x61, byte]));
      }
      for (const name of names) await fs.writeFile(bytePath(name), name);
      assert.deepEqual((await fs.readdir(dir, "buffer")).sort(Buffer.compare), names);
      for (const name of names) assert.deepEqual(await fs.readFile(bytePath(name)), name);
    },
  },
];
