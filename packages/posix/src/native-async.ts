import { fsErrorFromErrno, lastErrno, type Native } from "./library.ts";

/**
 * Makes a native call on a thread of libuv's pool and gives its result or rejects with the FsError of its errno.
 * Buffers in `args` stay alive until then. koffi runs a bounded number of calls at once (256 as it comes) and throws
 * past it; the call is then made on this thread, which is the back-pressure.
 *
 * Pool threads carry no caller's identity, so this serves calls whose permission was checked before.
 */
export function callAsync<Args extends unknown[]>(
  call: string,
  native: Native<Args, number | bigint>,
  ...args: Args
): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (result: number | bigint): void => {
      if (result < 0) reject(fsErrorFromErrno(lastErrno(), call));
      else resolve(Number(result));
    };
    try {
      native.async(...args, (_error, result) => {
        settle(result);
        // koffi itself holds nothing but addresses, so the callback is what keeps the buffers from being collected.
        keepAlive(args);
      });
    } catch {
      settle(native(...args));
    }
  });
}

function keepAlive(_args: unknown[]): void {}
