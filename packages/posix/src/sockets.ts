import { FsError, O_CLOEXEC } from "@kedgefs/core";
import koffi from "koffi";
import { check, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";

/** Events of poll(2). Source: asm-generic/poll.h. */
export const POLLIN = 0x01;
export const POLLOUT = 0x04;
export const POLLERR = 0x08;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;

/** Source: bits/socket.h, asm-generic/socket.h. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

const EINTR = 4;

const nativeSocketpair: Native<[number, number, number, Buffer]> = libc.func(
  "int socketpair(int domain, int type, int protocol, uint8_t *fds)",
);
const nativeRecvmsg: Native<[number, Buffer, number], number | bigint> = libc.func(
  "int64_t recvmsg(int fd, uint8_t *message, int flags)",
);
const nativeSendmsg: Native<[number, Buffer, number], number | bigint> = libc.func(
  "int64_t sendmsg(int fd, const uint8_t *message, int flags)",
);
const nativePoll: Native<[Buffer, number, number]> = libc.func(
  "int poll(uint8_t *fds, unsigned long count, int timeoutMs)",
);

const pair = Buffer.alloc(8);

/** Two connected AF_UNIX stream sockets, with O_CLOEXEC. EMFILE, ENFILE. */
export function socketpair(): { a: number; b: number } {
  check(nativeSocketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair), "socketpair");
  return { a: pair.readInt32LE(0), b: pair.readInt32LE(4) };
}

// One allocation holds the message and all that it points to, so that nothing it points to can be collected on its own:
// struct msghdr of recvmsg(2) on 64-bit Linux (name, vector, count, control, its length, flags), one struct iovec, one
// struct cmsghdr (length, level, type) with room for an int, and one byte of data. There is room for exactly one
// descriptor: of more, the kernel closes the rest.
const vectorAt = 56;
const controlAt = 72;
const dataAt = 96;
const message = Buffer.alloc(104);
const controlLengthAt = 40;
/** CMSG_LEN(sizeof(int)). */
const controlLength = 20;

const address = koffi.address(message);
message.writeBigUInt64LE(address + BigInt(vectorAt), 16);
message.writeBigUInt64LE(1n, 24);
message.writeBigUInt64LE(address + BigInt(controlAt), 32);
message.writeBigUInt64LE(address + BigInt(dataAt), vectorAt);
message.writeBigUInt64LE(1n, vectorAt + 8);

/**
 * Receives one descriptor with one byte of data, as SCM_RIGHTS of unix(7), with O_CLOEXEC. Blocks this thread until
 * something comes. ECONNRESET where the other end closed instead, EBADMSG where data came without a descriptor.
 */
export function receiveFd(socketFd: number): number {
  message.fill(0, controlAt, dataAt);
  let count: number | bigint;
  do {
    message.writeBigUInt64LE(BigInt(controlLength), controlLengthAt);
    count = nativeRecvmsg(socketFd, message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && lastErrno() === EINTR);
  check(Number(count), "recvmsg");
  const received = Number(message.readBigUInt64LE(controlLengthAt));
  const isRights =
    message.readInt32LE(controlAt + 8) === SOL_SOCKET && message.readInt32LE(controlAt + 12) === SCM_RIGHTS;
  if (received >= controlLength && isRights) return message.readInt32LE(controlAt + 16);
  if (count === 0) throw new FsError("ECONNRESET", "recvmsg: the other end closed without sending a descriptor");
  throw new FsError("EBADMSG", "recvmsg: data came without a descriptor");
}

/**
 * Sends a descriptor with one byte of data; the sender keeps its own. EPIPE, EBADF, EAGAIN on a full non-blocking
 * socket.
 */
export function sendFd(socketFd: number, fd: number): void {
  message.writeBigUInt64LE(BigInt(controlLength), controlAt);
  message.writeInt32LE(SOL_SOCKET, controlAt + 8);
  message.writeInt32LE(SCM_RIGHTS, controlAt + 12);
  message.writeInt32LE(fd, controlAt + 16);
  message.writeBigUInt64LE(BigInt(controlLength), controlLengthAt);
  let count: number | bigint;
  do count = nativeSendmsg(socketFd, message, MSG_NOSIGNAL);
  while (count < 0 && lastErrno() === EINTR);
  check(Number(count), "sendmsg");
}

/** struct pollfd: descriptor, events asked for, events there. */
const pollEntry = Buffer.alloc(8);

/**
 * poll(2) of one descriptor, blocking this thread for at most `timeoutMs` (-1: for ever). Returns the events that are
 * there, of `events` or POLLERR, POLLHUP, POLLNVAL; 0 after the time is over. A signal does not end the wait.
 */
export function poll(fd: number, events: number, timeoutMs: number): number {
  const deadline = performance.now() + timeoutMs;
  pollEntry.writeInt32LE(fd, 0);
  pollEntry.writeInt16LE(events, 4);
  let remaining = timeoutMs;
  for (;;) {
    pollEntry.writeInt16LE(0, 6);
    const ready = nativePoll(pollEntry, 1, remaining);
    if (ready > 0) return pollEntry.readInt16LE(6);
    if (ready === 0) return 0;
    const errno = lastErrno();
    if (errno !== EINTR) throw fsErrorFromErrno(errno, "poll");
    if (timeoutMs >= 0) remaining = Math.max(0, Math.ceil(deadline - performance.now()));
  }
}
