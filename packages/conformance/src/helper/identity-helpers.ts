import type { CaseApi, Identity } from "../case.ts";
import { HelperProcess } from "./helper-process.ts";

/** Helpers of one real directory: one process for each identity that was asked for, until all are closed together. */
export class IdentityHelpers {
  readonly #umask: number;
  readonly #helpers = new Map<string, HelperProcess>();

  constructor(umask: number) {
    this.#umask = umask;
  }

  as(identity: Identity): CaseApi {
    const key = JSON.stringify([identity.uid, identity.gid, identity.groups]);
    let helper = this.#helpers.get(key);
    if (helper === undefined) {
      helper = new HelperProcess(identity, this.#umask);
      this.#helpers.set(key, helper);
    }
    return helper.api;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#helpers.values()].map((helper) => helper.close()));
    this.#helpers.clear();
  }
}
