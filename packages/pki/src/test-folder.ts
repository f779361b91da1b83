import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** An empty folder that is removed after the test. */
export async function testFolder(context: Pick<TestContext, "after">): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "kedge-pki-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}
