import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { checkExports, parseAllowSpec, parseExportSpec } from "./export-spec.ts";
import { UsageError } from "./usage-error.ts";

const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UsageError);
  assert.match(error.message, message);
  return true;
};

test("an export is a name and a path, with everyone taken for who they are by default", () => {
  assert.deepEqual(parseExportSpec("docs=/srv/docs"), {
    name: "docs",
    path: "/srv/docs",
    readOnly: false,
    squash: "none",
  });
});

test("options of an export follow its path", () => {
  assert.deepEqual(parseExportSpec("docs=/srv/docs,ro,squash=all"), {
    name: "docs",
    path: "/srv/docs",
    readOnly: true,
    squash: "all",
  });
  assert.equal(parseExportSpec("docs=/srv/docs,squash=root").squash, "root");
  assert.equal(parseExportSpec("docs=/srv/docs,ro,rw").readOnly, false);
});

test("a path may have =, an escaped comma, and be relative", () => {
  assert.equal(parseExportSpec("a=/srv/x=y").path, "/srv/x=y");
  assert.equal(parseExportSpec("a=/srv/x\\,y,ro").path, "/srv/x,y");
  assert.equal(parseExportSpec("a=some/dir").path, resolve("some/dir"));
});

test("what is wrong with an export is said", () => {
  assert.throws(() => parseExportSpec("/srv/docs"), refused(/write NAME=PATH/));
  assert.throws(() => parseExportSpec("=/srv/docs"), refused(/not a name for an export/));
  assert.throws(() => parseExportSpec("a/b=/srv/docs"), refused(/not a name for an export/));
  assert.throws(() => parseExportSpec("docs="), refused(/the path is missing/));
  assert.throws(() => parseExportSpec("docs=/srv,rx"), refused(/unknown option "rx"/));
  assert.throws(() => parseExportSpec("docs=/srv,squash=some"), refused(/squash is one of none, root, all/));
});

test("a permission is an identity and an export", () => {
  assert.deepEqual(parseAllowSpec("alice=docs"), { identity: "alice", exportName: "docs", readOnly: false });
  assert.deepEqual(parseAllowSpec("bob@example.org=docs,ro"), {
    identity: "bob@example.org",
    exportName: "docs",
    readOnly: true,
  });
  assert.equal(parseAllowSpec("a=b=docs").identity, "a=b");
});

test("what is wrong with a permission is said", () => {
  for (const text of ["alice", "=docs", "alice="]) {
    assert.throws(() => parseAllowSpec(text), refused(/write IDENTITY=EXPORT/));
  }
  assert.throws(() => parseAllowSpec("alice=docs,squash=root"), refused(/unknown option "squash=root"/));
});

test("a name is exported once, and permissions name exports that are there", () => {
  const docs = parseExportSpec("docs=/srv/docs");
  assert.throws(() => checkExports([docs, docs], []), refused(/two exports are named "docs"/));
  assert.throws(() => checkExports([docs], [parseAllowSpec("alice=dcos")]), refused(/no export is named "dcos"/));
  checkExports([docs], [parseAllowSpec("alice=docs"), parseAllowSpec("bob=docs,ro")]);
});
