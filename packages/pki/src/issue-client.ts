import { UserError } from "@kedgefs/core";
import { issueLeaf, loadAuthority } from "./authority.ts";
import { clientExtensions } from "./build-certificate.ts";
import { type CertificateDescription, describeX509, parseCertificate } from "./describe-certificate.ts";
import { exists, readPemFile } from "./pki-files.ts";
import { clientPaths, type KeyPairPaths } from "./pki-paths.ts";

export interface IssueClientOptions {
  readonly dir: string;
  /** The identity: the certificate's common name, and the name of its files. */
  readonly name: string;
  /** 825 by default. */
  readonly validityDays?: number;
  /** Start of the validity; five minutes ago by default. */
  readonly notBefore?: Date;
  /** Replace the certificate and the key that exist under this name. */
  readonly renew?: boolean;
}

export interface IssuedCertificate extends KeyPairPaths {
  readonly certificate: CertificateDescription;
}

/** Makes DIR/NAME.key (0600) and DIR/NAME.crt (0644), signed by DIR's CA. UserError where NAME exists, unless `renew`. */
export async function issueClient(options: IssueClientOptions): Promise<IssuedCertificate> {
  const { dir, name, renew = false } = options;
  const paths = clientPaths(dir, name);
  const authority = loadAuthority(dir);
  for (const path of renew ? [] : [paths.cert, paths.key]) {
    if (await exists(path)) {
      throw new UserError(
        `${path} exists already`,
        `Use it as it is, choose another name, or replace it with: kedge pki issue ${name} --dir ${dir} --renew`,
      );
    }
  }
  await issueLeaf(authority, paths, {
    subject: name,
    extensions: clientExtensions,
    validityDays: options.validityDays,
    notBefore: options.notBefore,
    replace: renew,
  });
  return { ...paths, certificate: describeX509(readBack(paths.cert)) };
}

function readBack(path: string) {
  return parseCertificate(readPemFile(path, "certificate", "It was there a moment ago.").pem, path);
}
