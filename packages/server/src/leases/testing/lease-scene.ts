import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import {
  type AnyOperation,
  CallContext,
  type FileSystem,
  type NodeId,
  type OperationName,
  rootCaller,
  rootContext,
} from "@kedgefs/core";
import { local } from "../../local/local.ts";
import { openStateDirectory } from "../../state/state-directory.ts";
import { LeaseTable } from "../lease-table.ts";
import { type LeasedExport, type LeasedRun, SessionLeases } from "../session-leases.ts";
import { ToldClient } from "./told-client.ts";

export interface Believer {
  readonly client: ToldClient;
  readonly leases: SessionLeases;
  /** Makes a call at the session. */
  run(operation: OperationName, request: object): Promise<LeasedRun<unknown>>;
  /** Looks a name in the root up, and with that believes it and its attributes. */
  lookup(name: string): Promise<NodeId>;
  /** Says that all that it was told is done. */
  answer(): void;
}

export interface LeaseScene {
  readonly data: string;
  readonly root: NodeId;
  readonly fileSystem: FileSystem;
  readonly table: LeaseTable;
  join(leased?: Partial<LeasedExport>): Believer;
  node(name: string): Promise<NodeId>;
  close(): void;
}

const base = fs.mkdtempSync(join(tmpdir(), "kedge-leases-"));
after(() => fs.rmSync(base, { recursive: true, force: true }));
let count = 0;

export const nameOf = (text: string): Buffer => Buffer.from(text);

/** Sessions on one table over a directory of its own; `around` wraps its file system. */
export async function beginLeaseScene(
  leaseMs: number,
  around: (fileSystem: FileSystem) => FileSystem = (next) => next,
  earlierSessions: readonly string[] = [],
): Promise<LeaseScene> {
  count++;
  const dir = join(base, `${count}`);
  const data = join(dir, "data");
  fs.mkdirSync(data, { recursive: true });
  const state = openStateDirectory(join(dir, "state"));
  const source = local({ path: data, exportName: "x", state });
  const fileSystem = around(source.fileSystem);
  const table = new LeaseTable(leaseMs, { sessions: earlierSessions, leaseMs });
  const { node: root } = await source.fileSystem.root(rootContext());
  return {
    data,
    root,
    fileSystem,
    table,
    join(leased) {
      const client = new ToldClient();
      const leases = new SessionLeases(
        table,
        { mayLease: () => true, own: fileSystem, readOnly: false, ...leased },
        client,
      );
      const run = (operation: OperationName, request: object): Promise<LeasedRun<unknown>> =>
        leases.run(operation, request, () =>
          (fileSystem[operation] as AnyOperation)(request as never, new CallContext(rootCaller)),
        );
      return {
        client,
        leases,
        run,
        async lookup(name) {
          const { reply } = await run("lookup", { parent: root, name: nameOf(name) });
          return (reply as { node: NodeId }).node;
        },
        answer: () => leases.recalled(client.lastId),
      };
    },
    node: async (name) => (await source.fileSystem.lookup({ parent: root, name: nameOf(name) }, rootContext())).node,
    close() {
      table.close();
      source.close();
      state.close();
    },
  };
}
