import { CommanderError } from "commander";
import { exitCodes, printError } from "./print-error.ts";
import { createProgram } from "./program.ts";

/** Runs `kedge` with the arguments after its name, prints what went wrong, and ends the process with the exit code. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that has seen enough (kedge status | head) is no error.
  process.stdout.on("error", () => {});
  const exitCode = await run(args);
  // Something that went wrong may have left a timer or connection behind; what was written is out, stdout of a pipe included.
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit(exitCode);
}

async function run(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return exitCodes.usage;
    }
    await program.parseAsync(args, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : exitCodes.success;
  } catch (error) {
    // Commander has printed its message, the help or the version by now.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    const { text, exitCode } = printError(error, args.includes("--debug"));
    process.stderr.write(text);
    return exitCode;
  }
}
