import { readSync } from "node:fs";
import type { Socket } from "node:net";
import { FsError, type Logger } from "@kedgefs/core";
import {
  close,
  type FileStat,
  fanotifyInit,
  fanotifyMarkFileSystem,
  fsidOf,
  type HostEvent,
  parseFanotifyEvents,
  readWhenReady,
} from "@kedgefs/posix";
import { handleContent } from "../local/handle-content.ts";
import type { LeaseKey } from "./lease-holder.ts";

export interface HostWatchEvents {
  changed(key: LeaseKey): void;
  anythingChanged(): void;
  /** Nothing is told after this. */
  lost(): void;
}

const readBytes = 64 << 10;
/** Events are read at most this often, milliseconds: the kernel merges those of one file, and most are of our own doing. */
const readEveryMs = 2;

interface Device {
  readonly devMajor: number;
  readonly devMinor: number;
}

/**
 * Tells what other processes of the storage host change on the file systems of the exports (fanotify(7)), as leases must not
 * outlive that either. It is told a moment after, a few milliseconds at most, and a store through a shared memory map is not
 * told at all; then a lease runs out.
 */
export class HostWatch {
  readonly #groupFd: number;
  readonly #socket: Socket;
  readonly #buffer = Buffer.alloc(readBytes);
  readonly #nowBuffer = Buffer.alloc(readBytes);
  readonly #devices = new Map<string, Device>();
  readonly #logger: Logger;
  #events: HostWatchEvents | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(groupFd: number, logger: Logger) {
    this.#groupFd = groupFd;
    this.#logger = logger;
    this.#socket = readWhenReady(groupFd, {
      buffer: () => this.#buffer,
      received: (length) => this.#received(length),
    });
    this.#socket.on("error", (error) => {
      logger.error("changes on this host are not seen any more, so nothing is leased", { error: error.message });
      this.#events?.lost();
    });
  }

  /** Undefined where this process may not watch, or the kernel can't. */
  static open(logger: Logger): HostWatch | undefined {
    try {
      return new HostWatch(fanotifyInit(), logger);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      logger.debug(`changes on this host can't be watched: ${error.message}`);
      return undefined;
    }
  }

  /** Watches the file system that a directory is on. False where that can't be. */
  watch(dirFd: number, { devMajor, devMinor }: FileStat): boolean {
    try {
      fanotifyMarkFileSystem(this.#groupFd, dirFd);
      this.#devices.set(fsidOf(dirFd), { devMajor, devMinor });
      return true;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.#logger.debug(`changes on this host can't be watched: ${error.message}`);
      return false;
    }
  }

  start(events: HostWatchEvents): void {
    this.#events = events;
    this.#socket.resume();
  }

  /** Reads what is there to be told, now. */
  readNow(): void {
    if (this.#events === undefined) return;
    for (;;) {
      let length: number;
      try {
        length = readSync(this.#groupFd, this.#nowBuffer);
      } catch {
        // Nothing more (EAGAIN); what else there is the socket's next read says.
        return;
      }
      this.#parse(this.#nowBuffer, length);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#events = undefined;
    this.#socket.destroy();
    close(this.#groupFd);
  }

  #received(length: number): void {
    this.#socket.pause();
    this.#timer = setTimeout(() => this.#socket.resume(), readEveryMs);
    this.#timer.unref();
    this.#parse(this.#buffer, length);
  }

  #parse(buffer: Buffer, length: number): void {
    try {
      parseFanotifyEvents(buffer, length, (event) => this.#told(event));
    } catch (error) {
      this.#logger.error(`what the kernel tells of changes makes no sense: ${(error as Error).message}`);
      this.#events?.anythingChanged();
    }
  }

  #told(event: HostEvent): void {
    if (event.kind === "overflow") {
      this.#events?.anythingChanged();
      return;
    }
    if (event.pid === process.pid) return;
    const device = this.#devices.get(event.fsid);
    if (device === undefined) return;
    this.#events?.changed(handleContent(device, event.handleType, event.handle));
  }
}
