import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compareListings, parseListing } from "./compare-listings.ts";

const list = (dir: string) =>
  parseListing(
    execFileSync(process.execPath, [join(import.meta.dirname, "list-tree.ts"), dir], {
      encoding: "latin1",
      timeout: 20_000,
    }),
  );

test("a copy by cp -a is the same, and every kind of change to it is seen", { timeout: 60_000 }, (context) => {
  const dir = mkdtempSync(join(tmpdir(), "kedge-compare-"));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const at = (path: string): string => join(dir, path);
  mkdirSync(at("one/sub"), { recursive: true });
  writeFileSync(at("one/file"), "text");
  writeFileSync(Buffer.concat([Buffer.from(at("one/")), Buffer.from([0xff, 0x0a, 0x22])]), "not UTF-8");
  linkSync(at("one/file"), at("one/sub/link"));
  symlinkSync("nowhere", at("one/dangling"));
  const copy = () => {
    rmSync(at("two"), { recursive: true, force: true });
    execFileSync("cp", ["-a", at("one"), at("two")]);
  };
  const original = list(at("one"));
  assert.equal(original.size, 6);
  copy();
  assert.deepEqual(compareListings(original, list(at("two"))), []);

  const changes: [RegExp, () => void][] = [
    [/^\.\/file: content is [0-9a-f]{64} instead of/, () => writeFileSync(at("two/file"), "tex7")],
    [/^\.\/sub\/link: mtimeNs is 1000000000 instead of/, () => utimesSync(at("two/sub/link"), 1, 1)],
    [/^\.\/dangling is missing$/, () => rmSync(at("two/dangling"))],
    [/^\.\/more should not be there$/, () => writeFileSync(at("two/more"), "")],
    [/^\.: mode is 40700 instead of 40/, () => execFileSync("chmod", ["700", at("two")])],
    [/^\.\/file: links is 1 instead of 2$/, () => rmSync(at("two/sub/link"))],
  ];
  for (const [expected, change] of changes) {
    copy();
    change();
    const differences = compareListings(original, list(at("two")));
    assert.ok(
      differences.some((difference) => expected.test(difference)),
      `${expected} in ${differences.join("\n")}`,
    );
  }
});
