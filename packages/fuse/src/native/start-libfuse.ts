import { UserError } from "@kedgefs/core";
import type { NativeBinding, NativeHandler } from "./native-binding.ts";
import { nativeOperationNames } from "./native-codecs.ts";
import type { NativeDispatcher } from "./native-dispatcher.ts";

/** Slots of fuse-native.c's tables of handlers. */
const slots = 35;

export interface StartOptions {
  readonly mountpoint: string;
  /** The argument "-o…". */
  readonly text: string;
  readonly dispatcher: NativeDispatcher;
}

/** Memory that the addon's threads use, and that it takes no reference to. Mounts are few, so it is simply kept. */
const threads: Buffer[] = [];

export interface RunningLibfuse {
  /** Resolves when the kernel's FUSE_INIT came. */
  readonly greeted: Promise<void>;
  /** Lets go of the event loop, once the mount is gone. */
  end(): void;
}

/** Mounts and starts libfuse's threads. The device is open when it returns. UserError where the mount is refused. */
export function startLibfuse(binding: NativeBinding, { mountpoint, text, dispatcher }: StartOptions): RunningLibfuse {
  const thread = Buffer.alloc(binding.sizeof_fuse_thread_t);
  threads.push(thread);
  const { promise, resolve } = Promise.withResolvers<void>();

  const handlers: NativeHandler[] = new Array(slots).fill(() => {});
  const implemented = new Uint32Array(slots);
  const set = (name: string, handler: NativeHandler): void => {
    const slot = binding[`op_${name}`];
    if (slot === undefined) throw new Error(`fuse-native does not know ${name}`);
    handlers[slot] = handler;
    implemented[slot] = 1;
  };
  set("init", (frame) => {
    binding.fuse_native_signal_init?.(frame, 0);
    resolve();
  });
  for (const name of nativeOperationNames) set(name, dispatcher.handler(name, binding));

  // One Buffer for each thread of libfuse; the addon holds a reference to it.
  const malloc = (sizeBytes: number): Buffer => Buffer.alloc(sizeBytes);
  try {
    binding.fuse_native_mount(mountpoint, text, thread, {}, malloc, handlers, implemented);
  } catch {
    // The addon says "fuse failed" and no more; libfuse has printed the reason.
    throw new UserError(
      `libfuse could not mount ${mountpoint}`,
      "its reason is in the line above that begins with fuse: or fusermount:",
    );
  }
  // What the addon calls unmount does no more than this.
  return { greeted: promise, end: () => binding.fuse_native_unmount(mountpoint, thread) };
}
