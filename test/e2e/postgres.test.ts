import assert from "node:assert/strict";
import { chownSync, globSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lacksMounts, lacksUserNobody, nobody } from "../support/prerequisites.ts";
import { type RunOptions, succeed } from "../support/run.ts";
import { Site } from "../support/site.ts";

const timeout = 300_000;
/** Debian keeps each version's programs in a folder of its own. */
const [programs] = globSync("/usr/lib/postgresql/*/bin/initdb")
  .sort()
  .reverse()
  .map((initdb) => join(initdb, ".."));
const clients = 4;

describe("PostgreSQL with its data in a mount", {
  skip: lacksMounts() || (await lacksUserNobody()) || (programs === undefined && "takes PostgreSQL's server"),
}, () => {
  let site: Site;
  let sockets: string;
  before(async () => {
    site = await Site.create();
    sockets = site.folder("sockets");
    chownSync(sockets, nobody, nobody);
  });
  after(() => site?.[Symbol.asyncDispose]());

  /** Runs a script as the user nobody, because PostgreSQL refuses root. */
  const script = (text: string, options: RunOptions = {}): Promise<string> => {
    const env = {
      ...site.env,
      PATH: `${programs}:${process.env.PATH}`,
      LC_ALL: "C.UTF-8",
      PGHOST: sockets,
      PGUSER: "tester",
      PGDATABASE: "bank",
    };
    const args = [
      "--reuid",
      `${nobody}`,
      "--regid",
      `${nobody}`,
      "--clear-groups",
      "bash",
      "-euo",
      "pipefail",
      "-c",
      text,
    ];
    return succeed("setpriv", args, { ...options, env, timeoutMs: timeout });
  };

  test("comes back from kill -9 of all its processes with every transaction that it had confirmed", {
    timeout,
  }, async () => {
    const mnt = await site.mount(await site.serve());
    const home = join(mnt, "postgres");
    await succeed("install", ["-d", "-o", `${nobody}`, "-g", `${nobody}`, "-m", "700", home]);
    const start = `pg_ctl -D '${home}/base' -l '${home}/log' -w -t 120 -o "-k '${sockets}' -c listen_addresses=" start > '${home}/start' || { cat '${home}/log'; exit 1; }`;
    await script(`
      initdb -D '${home}/base' --data-checksums -A trust -U tester --no-instructions > /dev/null
      ${start}
      createdb bank; pgbench -i -q -s 1 2> /dev/null; pgbench -n -c ${clients} -t 50 > '${home}/first'`);
    const count = 'psql -Atc "SELECT count(*) FROM pgbench_history"';
    const before = Number(await script(count));
    assert.equal(before, clients * 50);

    // pgbench notes each transaction that was confirmed to it (-l), and ends when the server has gone.
    const killed = await script(`
      cd '${sockets}'; pgbench -n -c ${clients} -T 100 -l > pgbench.out 2>&1 & bench=$!
      until (($(${count}) >= ${before + 100})); do sleep 0.1; done
      read -r master < '${home}/base/postmaster.pid'
      kill -STOP "$master"; all="$(pgrep -P "$master") $master"; kill -9 $all
      for pid in $all; do while kill -0 "$pid" 2> /dev/null; do sleep 0.05; done; done
      wait $bench || true; cat pgbench_log.* | wc -l`);
    const confirmed = before + Number(killed);

    await script(start);
    const [sums, rows] = (
      await script(`
        psql -Atc "SELECT count(DISTINCT sum) FROM (SELECT sum(abalance) FROM pgbench_accounts
          UNION ALL SELECT sum(bbalance) FROM pgbench_branches UNION ALL SELECT sum(tbalance) FROM pgbench_tellers
          UNION ALL SELECT sum(delta) FROM pgbench_history) AS sums"
        ${count}; pgbench -n -c ${clients} -t 20 > '${home}/second'; ${count}`)
    )
      .trim()
      .split("\n");
    assert.equal(sums, "1", "accounts, branches, tellers and history agree");
    // Of each client one transaction may have been made and not told.
    assert.ok(
      Number(rows) >= confirmed && Number(rows) <= confirmed + clients,
      `${confirmed} confirmed, ${rows} found`,
    );

    await script(`
      pg_amcheck --install-missing --heapallindexed bank
      grep -q 'automatic recovery in progress' '${home}/log'; ! grep -E 'PANIC|could not' '${home}/log'
      pg_ctl -D '${home}/base' -w -t 120 stop > /dev/null; pg_checksums --check -D '${home}/base' > /dev/null`);
  });
});
