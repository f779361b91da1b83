import { tmpdir } from "node:os";
import { memory } from "../memory/memory.ts";
import { fileSystemTarget } from "../targets/file-system-target.ts";
import { plainDirectory } from "../targets/plain-directory.ts";
import { runModelCheck } from "./run-model-check.ts";

/** The seed of an earlier failure, as it was printed. */
const seed = process.env.KEDGE_MODEL_SEED === undefined ? undefined : Number(process.env.KEDGE_MODEL_SEED);

// The model against the kernel's own file system: what proves that the model, and volume's walk of paths, are right.
runModelCheck(plainDirectory(tmpdir()), { seed });
runModelCheck(
  fileSystemTarget("another memory", () => ({ fileSystem: memory() })),
  { seed, runs: 50 },
);
