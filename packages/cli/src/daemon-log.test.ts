import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

test("the log of a mount is cut when it has grown, and the part before is kept", { timeout: 30_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "kedge-log-"));
  try {
    const path = join(folder, "x.log");
    const log = openSync(path, "a", 0o600);
    const module = new URL("./daemon-log.ts", import.meta.url).href;
    const script = `
      const { createDaemonLogWriter } = await import(${JSON.stringify(module)});
      const write = createDaemonLogWriter();
      for (let i = 0; i < 5000; i++) write(i + " ".repeat(1020) + "\\n");
      process.stderr.write("last words\\n");
    `;
    const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "ignore", log],
      timeout: 20_000,
    });
    closeSync(log);
    assert.equal(status, 0);
    const current = readFileSync(path, "latin1");
    const former = readFileSync(`${path}.1`, "latin1");
    assert.match(former, /^0 /);
    assert.match(current, /^\d+ /, "the file must begin with a line, not with a hole");
    assert.match(current, /last words\n$/);
    assert.equal((former + current).match(/\n/g)?.length, 5001, "no line is lost");
    assert.ok(statSync(path).size < 2 << 20);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
