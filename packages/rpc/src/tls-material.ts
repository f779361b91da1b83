/** PEM texts of one side: the CA that the other side must be signed by, and one's own certificate and key. */
export interface TlsMaterial {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}
