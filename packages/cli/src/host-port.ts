import { isIPv6 } from "node:net";
import { UsageError } from "./usage-error.ts";

export const defaultPort = 7440;

/** A host without brackets, and a port where one was written. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

/**
 * Reads `HOST`, `HOST:PORT`, `[v6]` and `[v6]:PORT`; `:PORT` and `HOST:` leave the other part empty (host "" or port
 * undefined). `whole` is what the user typed, for the message.
 */
export function parseHostPort(text: string, whole: string): HostPort {
  if (text.startsWith("[")) {
    const match = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
    if (!match) throw new UsageError(`"${whole}": after the bracketed address comes ":PORT" or nothing`);
    const [, address = "", port] = match;
    // A zone (fe80::1%eth0) is part of the address; isIPv6 accepts it.
    if (!isIPv6(address)) throw new UsageError(`"${whole}": "${address}" is not an IPv6 address`);
    return { host: address, port: optionalPort(port, whole) };
  }
  if (isIPv6(text)) {
    throw new UsageError(`"${whole}": an IPv6 address needs brackets`, `Write [${text}] in place of ${text}.`);
  }
  const parts = text.split(":");
  if (parts.length > 2) {
    throw new UsageError(`"${whole}": more than one colon`, "An IPv6 address is written in brackets: [::1]:7440");
  }
  const [host = "", port] = parts;
  if (host !== "" && !/^[\p{L}\p{N}._-]+$/u.test(host)) {
    throw new UsageError(`"${whole}": "${host}" is not a host name or address`);
  }
  return { host, port: optionalPort(port, whole) };
}

/** A port as typed, 0–65535. */
export function parsePort(text: string, whole: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new UsageError(`"${whole}": "${text}" is not a port; a port is a number from 1 to 65535`);
  }
  return port;
}

/** `host:port` as people read and type it, with brackets round IPv6. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function optionalPort(text: string | undefined, whole: string): number | undefined {
  return text === undefined || text === "" ? undefined : parsePort(text, whole);
}
