import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { succeed } from "../support/run.ts";

const timeout = 240_000;
const writers = 4;
const transactions = 40;
const accounts = 10;
const balance = 1_000;

describe("sqlite3 in a mount", { skip: lacksMounts() || lacksPrograms("sqlite3") }, () => {
  let places: BothPlaces;
  before(async () => {
    places = await BothPlaces.create();
  });
  after(() => places?.[Symbol.asyncDispose]());

  test("keeps a database, with a rollback journal, as in a plain folder", { timeout }, async () => {
    const script = `
      sqlite3 base.db 'PRAGMA journal_mode = DELETE; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)'
      for i in $(seq 20); do
        sqlite3 base.db "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
          INSERT INTO t (text, bytes) SELECT 'row ' || i, zeroblob(i * 10) FROM n; COMMIT"
      done
      sqlite3 base.db "BEGIN; DELETE FROM t; ROLLBACK; BEGIN; DELETE FROM t WHERE id % 3 = 0; COMMIT; CREATE INDEX x ON t (text); VACUUM"
      sqlite3 base.db 'PRAGMA integrity_check; SELECT count(*), sum(id), sum(length(bytes)) FROM t'`;
    await places.compare("one-process", script, { timeoutMs: timeout });
  });

  /** What one process does: each transaction moves money between two accounts and is logged, and each read sees all the money. */
  const work = (writer: number): string =>
    Array.from({ length: transactions }, (_, n) => {
      const from = 1 + (n % accounts);
      const to = 1 + ((n + writer) % accounts);
      return `BEGIN IMMEDIATE;
        UPDATE account SET balance = balance - ${n} WHERE id = ${from};
        INSERT INTO log VALUES (${writer}, ${n}, zeroblob(${n * 100}));
        UPDATE account SET balance = balance + ${n} WHERE id = ${to}; COMMIT;
        SELECT sum(balance), (SELECT count(*) >= ${n + 1} FROM log WHERE writer = ${writer}) FROM account;`;
    }).join("\n");
  const sqlite = (base: string, sql: string): Promise<string> =>
    succeed("sqlite3", ["-bail", "-batch", base], { input: `.timeout 200000\n${sql}`, timeoutMs: timeout });

  for (const mode of ["delete", "wal"]) {
    test(`four processes and one that is killed lose and see no half of a transaction, journal mode ${mode}`, {
      timeout,
    }, async () => {
      const base = join(places.mounted, `${mode}.db`);
      const made = await sqlite(
        base,
        `PRAGMA journal_mode = ${mode};
        CREATE TABLE account (id INTEGER PRIMARY KEY, balance INT);
        CREATE TABLE log (writer INT, n INT, bytes BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${accounts})
          INSERT INTO account SELECT i, ${balance} FROM n;`,
      );
      assert.equal(made.trim(), mode);
      const killed = places.script(
        `(while :; do echo 'BEGIN IMMEDIATE; UPDATE account SET balance = balance - 1 WHERE id = 1;
            INSERT INTO log VALUES (0, 0, zeroblob(50000)); UPDATE account SET balance = balance + 1 WHERE id = 2; COMMIT;
            SELECT 1;'; done) | timeout -s KILL 2 sqlite3 -cmd '.timeout 200000' '${base}' | wc -l || true`,
        "/",
        timeout,
      );
      const outputs = await Promise.all(Array.from({ length: writers }, (_, index) => sqlite(base, work(index + 1))));
      const confirmed = Number(await killed);
      const lines = outputs.flatMap((output) => output.trim().split("\n"));
      assert.deepEqual([...new Set(lines)], [`${accounts * balance}|1`]);
      assert.equal(lines.length, writers * transactions);
      const check = `PRAGMA integrity_check; SELECT sum(balance) FROM account;
        SELECT count(*), count(DISTINCT writer * 1000 + n), sum(length(bytes)) FROM log WHERE writer > 0;
        SELECT count(*) FROM log WHERE writer = 0;`;
      const [sound, money, log, ofKilled] = (await sqlite(base, check)).trim().split("\n");
      assert.equal(sound, "ok");
      assert.equal(money, String(accounts * balance));
      const bytes = (writers * 100 * transactions * (transactions - 1)) / 2;
      assert.equal(log, `${writers * transactions}|${writers * transactions}|${bytes}`);
      // The last one may have been made and not told.
      assert.ok([confirmed, confirmed + 1].includes(Number(ofKilled)), `${confirmed}, ${ofKilled}`);
      // Another client finds the same in the file.
      const second = await places.site.mount(places.server, { name: `second-${mode}` });
      assert.equal((await sqlite(join(second, `${mode}.db`), check)).split("\n")[0], "ok");
      await places.site.umount(second);
    });
  }
});
