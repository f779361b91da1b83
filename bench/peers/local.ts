import { release } from "node:os";
import type { Peer } from "./peer.ts";

/** The exported folder itself: what the storage could do without a network. */
export const local: Peer = {
  name: "local",
  title: "local directory",
  mountedBy: "the exported folder itself, not mounted",
  async prepare({ workspace }) {
    return {
      version: `Linux ${release()}`,
      async mount() {
        return { path: workspace.exported, async unmount() {} };
      },
    };
  },
};
