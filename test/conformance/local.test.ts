import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSystemTarget, runConformance } from "@kedgefs/conformance";
import { local, openStateDirectory } from "@kedgefs/server";
import { capabilitiesOfUser, userCaller } from "../support/own-caller.ts";

runConformance(
  fileSystemTarget(
    "local",
    () => {
      const dir = mkdtempSync(join(tmpdir(), "k-"));
      const data = join(dir, "data");
      mkdirSync(data);
      chmodSync(data, 0o755);
      // As in a server: a caller's umask has been applied when its mode comes here.
      const umask = process.umask(0);
      const state = openStateDirectory(join(dir, "state"));
      const source = local({ path: data, exportName: "data", state });
      return {
        fileSystem: source.fileSystem,
        async close() {
          source.close();
          state.close();
          process.umask(umask);
          rmSync(dir, { recursive: true });
        },
      };
    },
    { caller: userCaller(), missing: capabilitiesOfUser() },
  ),
);
