import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CallStep, type Outcome, Python, type Seen, type Stage, type World } from "@kedgefs/conformance";
import { scriptPlayerVocabulary } from "./script-player.ts";

type Client = CallStep["client"];
const clients: readonly Client[] = [0, 1, "host"];

/** An outcome as the program tells it. */
interface Told extends Omit<Outcome, "seen"> {
  readonly seen?: Omit<Seen, "mtimeNs" | "ctimeNs" | "size"> & {
    readonly size: string | null;
    readonly mtimeNs: string;
    readonly ctimeNs: string;
  };
}

/** Where scripts are played by programs on two mounts and in the directory on the storage host, each in a directory of its own. */
export class MountStage implements Stage, AsyncDisposable {
  readonly directoryLinks = true;
  readonly #folders: Readonly<Record<Client, string>>;
  readonly #programs = new Map<Client, Python>();
  #count = 0;

  private constructor(folders: Readonly<Record<Client, string>>) {
    this.#folders = folders;
  }

  static async create(folders: Readonly<Record<Client, string>>): Promise<MountStage> {
    const stage = new MountStage(folders);
    for (const client of clients) {
      const program = new Python();
      stage.#programs.set(client, program);
      await program.run(scriptPlayerVocabulary);
    }
    return stage;
  }

  async world(): Promise<World> {
    this.#count += 1;
    const name = `run-${this.#count}`;
    const top = join(this.#folders.host, name);
    await mkdir(top);
    await chmod(top, 0o777);
    for (const program of this.#programs.values()) await program.run("close_all()");
    const perform = (step: CallStep): Promise<Outcome> => this.#perform(step, name);
    return {
      prepare: async (step) => () => perform(step),
      async settle() {
        for (const client of [0, 1] as const) {
          for (const slot of [0, 1]) await perform({ call: "fsync", slot, client, as: "root" });
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.values()) await program[Symbol.asyncDispose]();
  }

  async #perform(step: CallStep, name: string): Promise<Outcome> {
    const folder = join(this.#folders[step.client], name);
    const told = await this.#programs.get(step.client)?.run(`perform(${JSON.stringify(folder)}, ${quoted(step)})`);
    const { seen, ...outcome } = told as Told;
    if (seen === undefined) return outcome;
    const { size, mtimeNs, ctimeNs, ...rest } = seen;
    const times = { mtimeNs: BigInt(mtimeNs), ctimeNs: BigInt(ctimeNs) };
    return { ...outcome, seen: { ...rest, ...times, size: size ?? undefined } };
  }
}

/** A step as JSON, as a literal of Python. */
const quoted = (step: CallStep): string => JSON.stringify(JSON.stringify(step));
