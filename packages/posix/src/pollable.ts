import { Socket } from "node:net";
import { dup2, pipe, setNonblocking } from "./descriptor.ts";
import { close } from "./open.ts";

/** The reader's side of `readWhenReady`. */
export interface ReadyReader {
  /** Where the next read goes. Asked for once by `readWhenReady` itself, and again after each `received`. */
  buffer(): Uint8Array;
  /** One read(2) put `length` bytes, at least 1, at the start of the buffer that was asked for last. */
  received(length: number): void;
}

/**
 * A Socket that reads a descriptor which Node has no class for, such as a character device or an event queue of the
 * kernel, whenever it has something: one read(2) at a time, straight into the reader's buffer. It is paused; `resume`
 * starts it, and `pause` takes effect before the next read.
 *
 * Node has no way to wait for such a descriptor, and a blocking read would hold a thread of libuv's pool for good (and
 * hang process.exit). So the Socket is made on a pipe, and before the event loop first looks at it, dup2 puts `fd`
 * where the pipe was: libuv then waits for it with epoll.
 *
 * `fd` stays the caller's to write to and to close; it becomes O_NONBLOCK, which all its duplicates share. The Socket
 * has a duplicate, which `destroy` closes. A failing read gives "error", then "close"; so listen for "error". The end
 * of what there is to read gives "end", then "close".
 *
 * EBADF, EMFILE, ENFILE. `fd` must be of a kind that epoll takes: for any other (a regular file, a directory,
 * /dev/null) libuv aborts the process when reading starts.
 */
export function readWhenReady(fd: number, reader: ReadyReader): Socket {
  // Of the open file and not of the descriptor, so what libuv sets on the pipe is lost with it.
  setNonblocking(fd);
  const { readFd, writeFd } = pipe();
  const socket = new Socket({
    fd: readFd,
    readable: true,
    writable: false,
    onread: {
      buffer: () => reader.buffer(),
      callback: (length) => {
        reader.received(length);
        return true;
      },
    },
  });
  socket.pause();
  dup2(fd, readFd);
  close(writeFd);
  return socket;
}
