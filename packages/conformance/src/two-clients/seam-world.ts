import { type FileSystem, type NodeId, O_RDONLY, rootContext, S_IFDIR, S_IFMT } from "@kedgefs/core";
import { memory } from "../memory/memory.ts";
import type { Outcome } from "./outcome.ts";
import type { CallStep, Disturbance } from "./script.ts";
import { Choices, SeamClient } from "./seam-client.ts";

/** Where a script is played. */
export interface World {
  /** Walks the paths of a step; what it returns makes the call. A call of two programs at once is about what its paths led to then. */
  prepare(step: CallStep): Promise<() => Promise<Outcome>>;
  /** Lets something happen that nobody may notice. Only for worlds that scripts with disturbances are for. */
  disturb?(disturbance: Disturbance): Promise<void>;
  /** Makes what the clients did visible to the storage host. Only for worlds that scripts with steps of the host are for. */
  settle?(): Promise<void>;
}

const runDirectoryMode = 0o777;

/** An empty directory in the root of a FileSystem, for everyone. */
export async function makeRunDirectory(fs: FileSystem, name: string): Promise<void> {
  const { node: parent } = await fs.root(rootContext());
  await fs.mkdir({ parent, name: Buffer.from(name), mode: runDirectoryMode, umask: 0 }, rootContext());
}

async function runDirectory(fs: FileSystem, name: string): Promise<NodeId> {
  const { node: parent } = await fs.root(rootContext());
  return (await fs.lookup({ parent, name: Buffer.from(name) }, rootContext())).node;
}

/** Two clients by their FileSystems, in a directory that `makeRunDirectory` has made. */
export async function seamWorld(clients: readonly [FileSystem, FileSystem], name: string): Promise<World> {
  const made: SeamClient[] = [];
  for (const fs of clients) made.push(new SeamClient(fs, await runDirectory(fs, name)));
  return {
    async prepare(step) {
      const client = step.client === "host" ? undefined : made[step.client];
      if (client === undefined) throw new Error("a script for sessions has a step of the storage host");
      return (await client.prepare(step)).run;
    },
  };
}

/** The world as it should be, in memory. */
export class ModelWorld implements World {
  readonly #fs: FileSystem = memory();
  readonly #clients = new Map<CallStep["client"], SeamClient>();

  private constructor() {}

  static async create(): Promise<ModelWorld> {
    const model = new ModelWorld();
    await makeRunDirectory(model.#fs, "run");
    const top = await runDirectory(model.#fs, "run");
    const choices = new Choices();
    for (const client of [0, 1, "host"] as const) {
      model.#clients.set(client, new SeamClient(model.#fs, top, choices));
    }
    return model;
  }

  async prepare(step: CallStep): Promise<() => Promise<Outcome>> {
    const client = this.#clients.get(step.client);
    if (client === undefined) throw new Error("a step of nobody");
    const { nodes, run } = await client.prepare(step);
    const release = await this.#pin(nodes);
    return async () => {
      const isGone = await this.#isAnyGone(nodes);
      const outcome = await run();
      await release();
      return { ...outcome, isGone };
    };
  }

  /** Whether an inode with this number is still there. */
  async has(ino: string): Promise<boolean> {
    return !(await this.#isAnyGone([`memory ${ino}` as NodeId]));
  }

  /** Nodes stay usable though they may lose their names before the call is made, as they do for who has walked a path to them. */
  async #pin(nodes: readonly NodeId[]): Promise<() => Promise<void>> {
    const releases: (() => Promise<void>)[] = [];
    for (const node of nodes) {
      const { attr } = await this.#fs.getattr({ node }, rootContext());
      const type = attr.mode & S_IFMT;
      if (type !== S_IFDIR && type !== 0o100000) continue;
      const ofDirectory = type === S_IFDIR;
      const open = ofDirectory ? this.#fs.opendir : this.#fs.open;
      const { handle } = await open.call(this.#fs, { node, flags: O_RDONLY }, rootContext());
      const release = ofDirectory ? this.#fs.releasedir : this.#fs.release;
      releases.push(() => release.call(this.#fs, { node, handle }, rootContext()));
    }
    return async () => {
      for (const release of releases) await release();
    };
  }

  async #isAnyGone(nodes: readonly NodeId[]): Promise<boolean> {
    for (const node of nodes) {
      const nlink = await this.#fs.getattr({ node }, rootContext()).then(
        ({ attr }) => attr.nlink,
        () => 0,
      );
      if (nlink === 0) return true;
    }
    return false;
  }
}
