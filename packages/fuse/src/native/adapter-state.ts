import type { CallContext, Logger } from "@kedgefs/core";
import type { HandleTable } from "./handle-table.ts";
import type { HiddenTargets } from "./hidden-targets.ts";
import { PathWalk, type WalkBase } from "./path-walk.ts";

/** What the operations of one mount share. */
export interface AdapterState extends WalkBase {
  readonly handles: HandleTable;
  readonly hiddenTargets: HiddenTargets;
  readonly logger: Logger;
}

/** Runs `body` with a walk of its own and gives back, however it ends, every node that it took. */
export async function walking<T>(
  state: AdapterState,
  context: CallContext,
  body: (walk: PathWalk) => Promise<T>,
): Promise<T> {
  const walk = new PathWalk(state, context);
  try {
    return await body(walk);
  } finally {
    walk.end();
  }
}
