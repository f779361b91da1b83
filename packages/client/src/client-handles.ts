import { type Caller, type FsError, type HandleId, type NodeId, O_APPEND } from "@kedgefs/core";

/** An open file or directory as this client remembers it, enough to open it again at another server process. */
export interface ClientHandle {
  readonly number: HandleId;
  readonly node: NodeId;
  /** Of the open, for the re-open. */
  readonly flags: number;
  readonly directory: boolean;
  /** The server's proof to itself that it permitted the open. */
  readonly ticket: Uint8Array;
  /** Who opened it. */
  readonly caller: Caller;
  /** Set when it could not be opened again: what every use of it is answered with. */
  lost?: FsError;
  /** Of a directory: the position where its last listing ended. */
  endOffset?: bigint;
}

/** The open handles of this client. The numbers are chosen here and are what the server knows the handles by. */
export class ClientHandles {
  readonly #handles = new Map<HandleId, ClientHandle>();
  #last = 0;

  next(): HandleId {
    this.#last++;
    return this.#last as HandleId;
  }

  add(handle: ClientHandle): void {
    this.#handles.set(handle.number, handle);
  }

  all(): readonly ClientHandle[] {
    return [...this.#handles.values()];
  }

  find(number: HandleId): ClientHandle | undefined {
    return this.#handles.get(number);
  }

  remove(number: HandleId): void {
    this.#handles.delete(number);
  }

  /** Whether what is written through it goes to the end of the file, so that twice is not once. */
  appends(number: HandleId): boolean {
    return ((this.#handles.get(number)?.flags ?? 0) & O_APPEND) !== 0;
  }

  /** Throws the error of a handle that was lost. A number that is unknown here is the server's to refuse. */
  check(number: HandleId | undefined): void {
    const lost = number === undefined ? undefined : this.#handles.get(number)?.lost;
    if (lost !== undefined) throw lost;
  }
}
