import {
  type CallContext,
  type Caller,
  type FsError,
  type HandleId,
  type NodeId,
  O_APPEND,
  O_RDONLY,
  toFsError,
  untilAborted,
} from "@kedgefs/core";
import type { Listing } from "./listing.ts";

/** An open file or directory as this client remembers it, enough to open it again at another server process. */
export interface ClientHandle {
  readonly number: HandleId;
  readonly node: NodeId;
  /** Of the open, for the re-open. */
  readonly flags: number;
  readonly directory: boolean;
  /** The server's proof to itself that it permitted the open. */
  ticket: Uint8Array;
  /** Who opened it. */
  readonly caller: Caller;
  /** Set when it could not be opened again: what every use of it is answered with. */
  lost?: FsError;
  /** Set when a lock that was held through it could not be had again, until it is closed: likewise. */
  lockLost?: FsError;
  /** What a write that was answered by then has failed with, until somebody is told. */
  writeError?: FsError;
  /** Of a directory: what was fetched of it last. */
  listing?: Listing;
  /** While it is not open yet, since the server is away: settles when it is, or is lost. `cancel` gives it up. */
  opening?: { readonly done: Promise<void>; cancel(): void };
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

  /** A directory whose opening waits for a server that is away, though whoever asked goes on. */
  addLater(
    handle: Pick<ClientHandle, "number" | "node" | "caller">,
    opened: Promise<unknown>,
    cancel: () => void,
  ): void {
    const later: ClientHandle = { ...handle, flags: O_RDONLY, directory: true, ticket: Buffer.alloc(0) };
    const done = opened.then(
      // The open has put its own record in this one's place.
      () => {},
      (error: unknown) => {
        later.lost = toFsError(error, () => {});
        delete later.opening;
      },
    );
    later.opening = { done, cancel };
    this.add(later);
  }

  /** Those that the server has, or had. */
  all(): readonly ClientHandle[] {
    return [...this.#handles.values()].filter(({ opening }) => opening === undefined);
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

  /** Settles when the handle can be used. Rejects with the error of one that was lost, EINTR where the caller is interrupted. */
  async ready(number: HandleId, context: CallContext): Promise<void> {
    const opening = this.#handles.get(number)?.opening;
    if (opening !== undefined) await untilAborted(opening.done, context, "the server was away");
    this.check(number);
  }

  /** Throws the error of a handle that was lost. A number that is unknown here is the server's to refuse. */
  check(number: HandleId | undefined): void {
    const handle = number === undefined ? undefined : this.#handles.get(number);
    const lost = handle?.lost ?? handle?.lockLost;
    if (lost !== undefined) throw lost;
  }
}
