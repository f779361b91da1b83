import assert from "node:assert/strict";
import { join } from "node:path";
import { type Server, Site, succeed } from "./site.ts";

/** Nothing of the user's own settings has a say in what the programs do. */
const env = {
  ...process.env,
  LC_ALL: "C.UTF-8",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Tester",
  GIT_AUTHOR_EMAIL: "tester@example.org",
  GIT_COMMITTER_NAME: "Tester",
  GIT_COMMITTER_EMAIL: "tester@example.org",
};

export interface ComparisonOptions {
  /** Patterns of the names (diff -x) whose content differs from one run to the next. */
  readonly differing?: readonly string[];
  readonly timeoutMs: number;
}

/** A mount, and plain folders of the same file system as the control of what programs do in it. */
export class BothPlaces implements AsyncDisposable {
  readonly site: Site;
  readonly server: Server;
  /** The root of the mount. */
  readonly mounted: string;
  /** A plain folder. */
  readonly plain: string;

  private constructor(site: Site, server: Server, mounted: string) {
    this.site = site;
    this.server = server;
    this.mounted = mounted;
    this.plain = site.folder("plain");
  }

  static async create(): Promise<BothPlaces> {
    const site = await Site.create();
    try {
      const server = await site.serve();
      return new BothPlaces(site, server, await site.mount(server));
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a script of bash, which ends with its first failure, and finds the plain folder in $PLAIN; resolves with its output. */
  script(text: string, cwd: string, timeoutMs: number): Promise<string> {
    return succeed("bash", ["-euo", "pipefail", "-c", text], {
      cwd,
      env: { ...env, PLAIN: this.plain },
      timeoutMs,
    });
  }

  /**
   * Runs the script in a new folder of either place. Rejects unless both print the same and leave the same names, types and
   * contents. Resolves with the output.
   */
  async compare(folder: string, script: string, { differing = [], timeoutMs }: ComparisonOptions): Promise<string> {
    const places = [join(this.plain, folder), join(this.mounted, folder)] as const;
    const outputs: string[] = [];
    for (const place of places) {
      await succeed("mkdir", [place]);
      outputs.push(await this.script(script, place, timeoutMs));
    }
    const [expected = "", found] = outputs;
    assert.equal(found, expected, "the output on the mount, and in a plain folder");
    const excluded = differing.flatMap((each) => ["-x", each]);
    await succeed("diff", ["-r", "--no-dereference", ...excluded, ...places], { timeoutMs });
    return expected;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.site[Symbol.asyncDispose]();
  }
}
