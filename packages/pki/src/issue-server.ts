import { isIP } from "node:net";
import { issueLeaf, loadAuthority } from "./authority.ts";
import { serverExtensions } from "./build-certificate.ts";
import { describeX509, parseCertificate } from "./describe-certificate.ts";
import { hostsWithDefaults } from "./hosts.ts";
import type { IssuedCertificate } from "./issue-client.ts";
import { readPemFile } from "./pki-files.ts";
import { serverPaths } from "./pki-paths.ts";

export interface IssueServerOptions {
  readonly dir: string;
  /** Host names and IP addresses besides localhost, 127.0.0.1, ::1 and this machine's name. */
  readonly hosts?: readonly string[];
  /** 825 by default. */
  readonly validityDays?: number;
  /** Start of the validity; five minutes ago by default. */
  readonly notBefore?: Date;
}

/**
 * Makes DIR/server.key and DIR/server.crt, signed by DIR's CA, in place of those that may be there. A server that runs keeps
 * what it loaded; clients accept both, for they trust the CA.
 */
export async function issueServer(options: IssueServerOptions): Promise<IssuedCertificate> {
  const hosts = hostsWithDefaults(options.hosts ?? []);
  const paths = serverPaths(options.dir);
  await issueLeaf(loadAuthority(options.dir), paths, {
    subject: "KedgeFS server",
    extensions: serverExtensions(hosts.map(altName)),
    validityDays: options.validityDays,
    notBefore: options.notBefore,
    replace: true,
  });
  const { pem } = readPemFile(paths.cert, "certificate", "It was there a moment ago.");
  return { ...paths, certificate: describeX509(parseCertificate(pem, paths.cert)) };
}

/** GeneralName of RFC 5280, 4.2.1.6: [2] dNSName, [7] iPAddress. */
function altName(host: string): object {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host };
}
