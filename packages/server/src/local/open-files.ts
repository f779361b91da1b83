import {
  type Caller,
  FsError,
  type HandleId,
  type NodeId,
  O_ACCMODE,
  O_DSYNC,
  O_RDONLY,
  O_SYNC,
  O_WRONLY,
} from "@kedgefs/core";

export interface OpenFile {
  readonly fd: number;
  readonly node: NodeId;
  /** Whether a write waits for stable storage (O_SYNC, O_DSYNC). */
  readonly waitsForDisk: boolean;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly opener: Caller;
  /** Where the next getdents64 of a directory would go on. */
  position: bigint;
  /** Calls that use `fd` off the event loop right now; it is closed when the last of them is done. */
  users: number;
  closing: boolean;
}

/** The open files and directories of a local file system. */
export class OpenFiles {
  readonly #byHandle = new Map<HandleId, OpenFile>();
  readonly #byNode = new Map<NodeId, Set<OpenFile>>();
  readonly #close: (file: OpenFile) => void;
  #last = 0;

  constructor(close: (file: OpenFile) => void) {
    this.#close = close;
  }

  /** `flags` are those of the open. */
  add(node: NodeId, fd: number, flags: number, opener: Caller): HandleId {
    const waitsForDisk = (flags & (O_SYNC | O_DSYNC)) !== 0;
    const readable = (flags & O_ACCMODE) !== O_WRONLY;
    const writable = (flags & O_ACCMODE) !== O_RDONLY;
    const state = { position: 0n, users: 0, closing: false };
    const file: OpenFile = { fd, node, waitsForDisk, readable, writable, opener, ...state };
    this.#last++;
    const handle = this.#last as HandleId;
    this.#byHandle.set(handle, file);
    const siblings = this.#byNode.get(node);
    if (siblings === undefined) this.#byNode.set(node, new Set([file]));
    else siblings.add(file);
    return handle;
  }

  /** EBADF for a handle that is not open. */
  get(handle: HandleId): OpenFile {
    const file = this.#byHandle.get(handle);
    if (file === undefined) throw new FsError("EBADF", `handle ${handle} is not open`);
    return file;
  }

  /** A descriptor that is open on the node: the way to a file without a name. */
  anyOf(node: NodeId): number | undefined {
    const siblings = this.#byNode.get(node);
    if (siblings === undefined) return undefined;
    for (const file of siblings) return file.fd;
    return undefined;
  }

  /** Runs `body`, which uses the descriptor off the event loop; a release meanwhile waits with the close. */
  async use<T>(handle: HandleId, body: (fd: number) => Promise<T>): Promise<T> {
    const file = this.get(handle);
    file.users++;
    try {
      return await body(file.fd);
    } finally {
      file.users--;
      if (file.closing && file.users === 0) this.#close(file);
    }
  }

  release(handle: HandleId): void {
    const file = this.get(handle);
    this.#byHandle.delete(handle);
    const siblings = this.#byNode.get(file.node);
    siblings?.delete(file);
    if (siblings?.size === 0) this.#byNode.delete(file.node);
    file.closing = true;
    if (file.users === 0) this.#close(file);
  }

  releaseAll(): void {
    for (const handle of [...this.#byHandle.keys()]) this.release(handle);
  }
}
