import type { FileSystem, LockManager } from "@kedgefs/core";
import { AttachRefusal } from "@kedgefs/rpc";
import type { HostWatch } from "../leases/host-watch.ts";
import type { MayLease } from "../leases/session-leases.ts";
import { type Local, local } from "../local/local.ts";
import type { OpenFile } from "../local/open-files.ts";
import type { LockFile } from "../locks/host-locks.ts";
import type { StateDirectory } from "../state/state-directory.ts";
import type { AllowRule, ExportConfig } from "./export-config.ts";
import { readOnly, squash } from "./layers.ts";

/** An export as one identity may use it: the layers are composed here and nowhere else. */
export interface GrantedExport {
  readonly fileSystem: FileSystem;
  /** The same file system with callers taken as they are, for the server's own work: settling what was done, re-opening. */
  readonly own: FileSystem;
  readonly readOnly: boolean;
  readonly coarseTimes: boolean;
  readonly closeReports: boolean;
  readonly strictAtime: boolean;
  /** Undefined where nothing can be leased. */
  readonly mayLease: MayLease | undefined;
  /** See Local. */
  readonly nodes: Local["nodes"];
}

interface OpenedExport {
  readonly config: ExportConfig;
  readonly source: Local;
}

/** The directories that this server serves, and who may use them. */
export class ExportTable {
  readonly #exports = new Map<string, OpenedExport>();
  readonly #allow: readonly AllowRule[];

  /** UserError for a directory that can't be served. Without `watch` nothing is leased. */
  constructor(
    configs: readonly ExportConfig[],
    allow: readonly AllowRule[],
    state: StateDirectory,
    watch?: HostWatch,
    locks?: LockManager<LockFile, OpenFile>,
  ) {
    this.#allow = allow;
    for (const config of configs) {
      const source = local({ path: config.path, exportName: config.name, state, watch, locks });
      this.#exports.set(config.name, { config, source });
    }
  }

  /** Words for the one who starts the server, on what an export can't do. */
  notes(): string[] {
    const notes: string[] = [];
    for (const { config, source } of this.#exports.values()) {
      if (source.nodes === "index") {
        notes.push(
          `${config.name}: files are found again after a restart by an index of names, for want of file handles`,
        );
      }
    }
    return notes;
  }

  /** Exports whose answers clients may not believe for a while, since changes on this host would not be seen. */
  unwatched(): string[] {
    return [...this.#exports.values()].flatMap(({ config, source }) =>
      source.mayLease === undefined ? [config.name] : [],
    );
  }

  /** Throws AttachRefusal for an export that does not exist or that this identity may not use. */
  grant(identity: string, exportName: string): GrantedExport {
    const rules = this.#allow.filter((rule) => rule.identity === identity && rule.exportName === exportName);
    if (this.#allow.length > 0 && rules.length === 0) {
      throw new AttachRefusal("not-allowed", `the identity ${identity} is not allowed on the export ${exportName}`);
    }
    const opened = this.#exports.get(exportName);
    if (opened === undefined) throw new AttachRefusal("no-such-export", `the server has no export ${exportName}`);
    const { config, source } = opened;
    const onlyRead = config.readOnly || (rules.length > 0 && rules.every((rule) => rule.readOnly));
    const guarded = onlyRead ? readOnly(source.fileSystem) : source.fileSystem;
    const { coarseTimes, closeReports, strictAtime, mayLease, nodes } = source;
    const traits = { readOnly: onlyRead, coarseTimes, closeReports, strictAtime, mayLease, nodes };
    return { fileSystem: squash(guarded, config.squash), own: guarded, ...traits };
  }

  close(): void {
    for (const { source } of this.#exports.values()) source.close();
  }
}
