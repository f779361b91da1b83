import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { domainToASCII } from "node:url";
import { UserError } from "@kedgefs/core";
import { pkiLimits } from "./pki-limits.ts";

/** Hosts that every server certificate is good for: this machine by all of its local names. */
export function defaultHosts(): string[] {
  const hosts = ["localhost", "127.0.0.1", "::1"];
  const own = canonicalHost(hostname());
  return own === undefined || hosts.includes(own) ? hosts : [...hosts, own];
}

/** The defaults and the given hosts in canonical form, each once. Throws UserError for what is neither a name nor an address. */
export function hostsWithDefaults(given: readonly string[]): string[] {
  const hosts = new Set(defaultHosts());
  for (const text of given) {
    const host = canonicalHost(text);
    if (host === undefined) {
      throw new UserError(
        `${JSON.stringify(text)} is neither a host name nor an IP address`,
        "Give a name such as files.example.org, or an address such as 192.0.2.7 or 2001:db8::7, without a port.",
      );
    }
    hosts.add(host);
  }
  if (hosts.size > pkiLimits.hostsMax) {
    throw new UserError(
      `${hosts.size} hosts are too many for one certificate: at most ${pkiLimits.hostsMax} are possible`,
    );
  }
  return [...hosts];
}

/**
 * A host name in lower case and ASCII (IDNA), or an IP address in its shortest form. Undefined for anything else. "*.name"
 * is a host name here: the certificate is then good for every name one level below.
 */
export function canonicalHost(text: string): string | undefined {
  if (isIP(text) === 4) return text;
  if (isIP(text) === 6) {
    // A zone ("fe80::1%eth0") means something on one machine only and has no place in a certificate.
    return text.includes("%") ? undefined : new URL(`http://[${text}]`).hostname.slice(1, -1);
  }
  const wildcard = text.startsWith("*.");
  const name = (wildcard ? text.slice(2) : text).replace(/\.$/, "");
  // domainToASCII parses as for a URL: it would cut "a/b" down to "a".
  const ascii = /[/?#@:\\%\s]/.test(name) ? "" : domainToASCII(name);
  const label = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
  if (ascii.length > 250 || isIP(ascii) !== 0 || !new RegExp(`^${label}(\\.${label})*$`).test(ascii)) return undefined;
  return wildcard ? `*.${ascii}` : ascii;
}

/** Whether a client that connects to `host` accepts the certificate (RFC 6125; the common name counts for nothing). */
export function coversHost(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  if (host.startsWith("*.")) return subjectAltHosts(certificate).includes(host);
  return certificate.checkHost(host, { subject: "never" }) !== undefined;
}

/** DNS names and IP addresses of the subjectAltName extension, addresses in their shortest form. */
export function subjectAltHosts(certificate: X509Certificate): string[] {
  const hosts: string[] = [];
  for (const entry of certificate.subjectAltName?.split(", ") ?? []) {
    const [, kind, value] = /^(DNS|IP Address):(.*)$/.exec(entry) ?? [];
    if (kind !== undefined && value !== undefined) hosts.push(canonicalHost(value) ?? value);
  }
  return hosts;
}
