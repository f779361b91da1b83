import type { KedgeServer } from "../servers/kedge-server.ts";
import type { Sshd } from "../servers/sshd.ts";
import type { Workspace } from "../system/workspace.ts";

export const peerNames = ["local", "kernel", "fuse-native", "sshfs", "sshfs-sync", "rclone"] as const;
export type PeerName = (typeof peerNames)[number];

/** What peers share in a run. A server that could not be started is the error that says why. */
export interface Site {
  readonly workspace: Workspace;
  readonly sshd: Sshd | Error;
  readonly kedge: KedgeServer | Error;
  /** Whether missing Debian packages may be installed. */
  readonly install: boolean;
  readonly signal: AbortSignal;
}

/** Where the servers are reached: directly or through the relay. */
export interface Ports {
  readonly ssh: number;
  readonly kedge: number;
}

/** A file system that shows the exported folder. */
export interface Mounted {
  readonly path: string;
  /** Leaves no mount and no process. */
  unmount(): Promise<void>;
}

export interface ReadyPeer {
  readonly version: string;
  mount(ports: Ports): Promise<Mounted>;
}

export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  /** How it is mounted, as a person would type it; "MNT" and the like stand for what differs. */
  readonly mountedBy: string;
  /** Rejects with Unavailable where this machine cannot run it. */
  prepare(site: Site): Promise<ReadyPeer>;
}
