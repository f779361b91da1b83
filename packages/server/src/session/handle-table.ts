import { type FileSystem, FsError, type HandleId, limits, type NodeId, O_ACCMODE, rootContext } from "@kedgefs/core";

/** An open file or directory of a session: the client's number for it leads to the file system's. */
export interface SessionHandle {
  readonly local: HandleId;
  readonly node: NodeId;
  readonly directory: boolean;
}

/** The handles of one session. */
export class HandleTable {
  readonly #fileSystem: FileSystem;
  readonly #handles = new Map<number, SessionHandle>();

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  get size(): number {
    return this.#handles.size;
  }

  find(number: number): SessionHandle | undefined {
    return this.#handles.get(number);
  }

  /** EBADF for a number that is not open here. */
  get(number: number): SessionHandle {
    const handle = this.#handles.get(number);
    if (handle === undefined) throw new FsError("EBADF", `handle ${number} is not open at the server`);
    return handle;
  }

  /** EMFILE when the session has as many as it may. */
  checkRoom(): void {
    if (this.#handles.size >= limits.sessionHandlesMax) {
      throw new FsError("EMFILE", `a session may have ${limits.sessionHandlesMax} files open`);
    }
  }

  set(number: number, handle: SessionHandle): void {
    this.#handles.set(number, handle);
  }

  delete(number: number): SessionHandle | undefined {
    const handle = this.#handles.get(number);
    this.#handles.delete(number);
    return handle;
  }

  async closeAll(): Promise<void> {
    const handles = [...this.#handles.values()];
    this.#handles.clear();
    for (const { local, node, directory } of handles) {
      const release = directory ? this.#fileSystem.releasedir : this.#fileSystem.release;
      await release.call(this.#fileSystem, { node, handle: local }, rootContext()).catch(() => {});
    }
  }
}

/** What a ticket of an open vouches for: this identity had this node open for this kind of access. */
export function ticketBytes(identity: string, node: NodeId, flags: number, directory: boolean): Buffer {
  return Buffer.from(JSON.stringify([identity, node, flags & O_ACCMODE, directory]));
}
