/** How the callers' user ids are taken: as they are, root as nobody, or everybody as nobody. As in exports(5) of NFS. */
export type Squash = "none" | "root" | "all";

export interface ExportConfig {
  readonly name: string;
  /** The directory to serve. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly squash: Squash;
}

/** Permits an identity the use of an export. */
export interface AllowRule {
  readonly identity: string;
  readonly exportName: string;
  readonly readOnly: boolean;
}
