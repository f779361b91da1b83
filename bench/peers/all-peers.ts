import { fuseNative, kernel } from "./kedge.ts";
import { local } from "./local.ts";
import type { Peer } from "./peer.ts";
import { rclone } from "./rclone.ts";
import { sshfs, sshfsSync } from "./sshfs.ts";

/** In the order in which they take turns. */
export const allPeers: readonly Peer[] = [local, kernel, fuseNative, sshfs, sshfsSync, rclone];
