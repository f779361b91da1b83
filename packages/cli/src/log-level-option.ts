import { Option } from "commander";
import { logLevels } from "./text-logger.ts";

/** --log-level, for the verbs that stay and log. */
export function logLevelOption(): Option {
  return new Option("--log-level <level>", "log this and what is more severe, to stderr")
    .choices(logLevels)
    .default("info");
}
