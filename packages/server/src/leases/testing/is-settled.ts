import { setImmediate as turn } from "node:timers/promises";

/** Whether a promise has settled by now, all that was to follow at once included. */
export async function isSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  let settled = false;
  promise?.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  await turn();
  return settled;
}
