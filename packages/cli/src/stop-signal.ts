/** A request to end, from a signal or from within, that work can be raced against. */
export interface StopSignal {
  /** Resolves with the reason of the first request. */
  readonly requested: Promise<string>;
  request(reason: string): void;
}

/**
 * SIGTERM and SIGINT ask for an orderly end; a second one ends the process at once, because whoever sends it has waited long
 * enough. `onHangup` takes SIGHUP; without it SIGHUP is one of them.
 */
export function createStopSignal(onHangup?: () => void): StopSignal {
  const { promise, resolve } = Promise.withResolvers<string>();
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    resolve(signal);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, onSignal);
  process.on("SIGHUP", onHangup ?? onSignal);
  return { requested: promise, request: resolve };
}

/** Waits for `work` unless the stop comes first: then rejects with StoppedError, and whatever `work` does is ignored. */
export async function unlessStopped<T>(stop: StopSignal, work: Promise<T>): Promise<T> {
  const stopped = stop.requested.then((reason) => {
    throw new StoppedError(reason);
  });
  return await Promise.race([work, stopped]);
}

/** Thrown by `unlessStopped`. */
export class StoppedError extends Error {
  constructor(reason: string) {
    super(`stopped by ${reason}`);
    this.name = "StoppedError";
  }
}
