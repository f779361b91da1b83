import { networkInterfaces } from "node:os";
import { defaultPort, parseHostPort } from "./host-port.ts";
import { UsageError } from "./usage-error.ts";

export interface ListenSpec {
  readonly host: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
}

/** Reads the argument of --listen: `HOST:PORT`, `HOST`, `:PORT`, `[v6]:PORT`. What is left out takes its default. */
export function parseListenSpec(text: string): ListenSpec {
  if (text === "") throw new UsageError('--listen "": neither a host nor a port');
  const { host, port } = parseHostPort(text, text);
  return { host: host === "" ? anyHost() : host, port: port ?? defaultPort };
}

/** Every address of this machine: "::" takes IPv4 as well, but only a kernel with IPv6 has it. */
export function anyHost(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}
