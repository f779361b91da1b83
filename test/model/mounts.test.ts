import { after, before, describe, test } from "node:test";
import { checkScripts } from "@kedgefs/conformance";
import { MountStage } from "../support/mount-stage.ts";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { Site } from "../support/site.ts";

const timeout = 600_000;
const takesRoot = process.getuid?.() === 0 ? false : "takes root";

describe("two mounts of one export", { skip: takesRoot || lacksMounts() || lacksPrograms("python3") }, () => {
  let site: Site;
  let stage: MountStage;

  before(async () => {
    site = await Site.create();
    const server = await site.serve();
    const [one, other] = [await site.mount(server, { name: "one" }), await site.mount(server, { name: "other" })];
    stage = await MountStage.create({ 0: one, 1: other, host: site.data });
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  test("a plain directory does what the model does", { timeout }, async () => {
    const plain = site.folder("plain");
    await using control = await MountStage.create({ 0: plain, 1: plain, host: plain });
    await checkScripts("a plain directory", 25, { steps: 50, host: true }, control);
  });

  test("answer each call as one file system would", { timeout }, () =>
    checkScripts("two mounts", 25, { steps: 50 }, stage),
  );

  test("and a moment after a change on the storage host", { timeout }, () =>
    checkScripts("two mounts and the storage host", 15, { steps: 40, host: true }, stage),
  );
});
