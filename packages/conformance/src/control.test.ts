import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { runConformance } from "./run-conformance.ts";
import { plainDirectory } from "./targets/plain-directory.ts";

/** A tmpfs on every Linux with a mounted /dev. */
const sharedMemory = "/dev/shm";

const isWritable = (directory: string): boolean => {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

runConformance(plainDirectory(tmpdir()));
runConformance({
  ...plainDirectory(sharedMemory),
  unavailable: isWritable(sharedMemory) ? undefined : `takes a writable ${sharedMemory}`,
});
