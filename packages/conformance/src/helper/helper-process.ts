import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CaseApi, Identity } from "../case.ts";
import { typePredicates, type VolumeFileHandle } from "../volume-api.ts";
import {
  fsMethods,
  type HelperReply,
  type HelperRequest,
  type HelperValue,
  handleMethods,
  rawMethods,
} from "./protocol.ts";

/** Longest time that a helper may take to go after it was told to, milliseconds. */
const exitTimeoutMs = 2000;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A child process that makes calls as another user, and the calls that wait for it. */
export class HelperProcess {
  readonly api: CaseApi;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor({ uid, gid, groups }: Identity, umask: number) {
    const args = [String(uid), String(gid), groups.join(","), String(umask)];
    const main = fileURLToPath(new URL("./helper-main.ts", import.meta.url));
    this.#child = fork(main, args, { serialization: "advanced", cwd: "/", execArgv: [] });
    this.#child.on("message", (reply: HelperReply) => this.#settle(reply));
    this.#child.on("exit", (code, signal) => this.#lose(new Error(`the helper is gone (${signal ?? `exit ${code}`})`)));
    this.api = {
      ...this.#methods("fs", fsMethods),
      ...this.#methods("raw", rawMethods),
    } as unknown as CaseApi;
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, "exit");
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), exitTimeoutMs);
    this.#child.disconnect();
    await gone;
    clearTimeout(kill);
  }

  #methods(target: HelperRequest["target"], names: readonly string[]): Record<string, unknown> {
    const call =
      (method: string) =>
      (...args: readonly unknown[]) =>
        this.#call(target, method, args);
    return Object.fromEntries(names.map((name) => [name, call(name)]));
  }

  #call(target: HelperRequest["target"], method: string, args: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    const request: HelperRequest = { id, target, method, args };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send(request, (error) => {
        if (error !== null && this.#waiting.delete(id)) reject(error);
      });
    });
  }

  #settle(reply: HelperReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("failure" in reply) {
      const { message, ...fields } = reply.failure;
      waiting?.reject(Object.assign(new Error(message), fields));
    } else waiting?.resolve(this.#fromValue(reply.value));
  }

  #lose(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #fromValue(value: HelperValue): unknown {
    if (value.kind === "plain") return value.value;
    if (value.kind === "stats") return { ...value.fields, ...typePredicates(value.mode) };
    if (value.kind === "dirents") return value.dirents.map(({ name, mode }) => ({ name, ...typePredicates(mode) }));
    return this.#handle(value.handle);
  }

  #handle(handle: number): VolumeFileHandle {
    const read: VolumeFileHandle["read"] = async (buffer, offset, length, position) => {
      const start = offset ?? 0;
      const data = await this.#call(handle, "read", [length ?? buffer.length - start, position ?? null]);
      buffer.set(data as Uint8Array, start);
      return { bytesRead: (data as Uint8Array).length, buffer };
    };
    return { ...this.#methods(handle, handleMethods), read } as unknown as VolumeFileHandle;
  }
}
