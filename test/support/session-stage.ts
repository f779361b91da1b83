import { makeRunDirectory, type Stage, type StandingFileSystem, seamWorld } from "@kedgefs/conformance";

/** Worlds so far: each has a directory of its own. */
let count = 0;

/** Where scripts are played on two sessions, each in a directory of its own. */
export function sessionStage(
  { fileSystem, second = fileSystem }: StandingFileSystem,
  { onBegin = () => {} }: { readonly onBegin?: () => void } = {},
): Stage {
  return {
    directoryLinks: true,
    async world() {
      count += 1;
      await makeRunDirectory(fileSystem, `run-${count}`);
      const world = await seamWorld([fileSystem, second], `run-${count}`);
      onBegin();
      return world;
    },
  };
}
