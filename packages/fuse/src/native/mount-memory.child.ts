import { memory } from "@kedgefs/conformance";
import { mapOperations, O_WRONLY, rootContext, silentLogger } from "@kedgefs/core";
import { defaultMountOptions } from "../mount/options.ts";
import { mountFuseNative } from "./mount-fuse-native.ts";

/** What the tests ask of this process, besides what they do to the mount. It answers each with the string "done". */
export interface ChildRequest {
  /** Writes `text` to the start of the file `name` in the root behind the mount's back, as another client would. */
  readonly write?: { readonly name: string; readonly text: string };
  /** Lets the file `name` come into being just before the next create of it. */
  readonly appear?: { readonly name: string };
  /** Refuses renames to `name`: ENOSPC. */
  readonly refuseRename?: { readonly name: string };
}

/**
 * A process for the tests that mounts memory() on its argument, says "ready", and ends by itself when the mount is gone. SIGTERM
 * unmounts; so does, lazily, the end of the process that started it.
 */
const mountpoint = process.argv[2];
if (mountpoint === undefined) throw new Error("the mount point is missing");

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;
const source = memory({ rootUid: uid, rootGid: gid });
const context = rootContext();
let appearing: string | undefined;
let refused: string | undefined;

const { node: root } = await source.root(context);

async function writeAsOther(name: string, text: string): Promise<void> {
  const { node } = await source.lookup({ parent: root, name: Buffer.from(name) }, context);
  const { handle } = await source.open({ node, flags: O_WRONLY }, context);
  await source.write({ node, handle, offset: 0n, data: Buffer.from(text) }, context);
  await source.release({ node, handle }, context);
}

const fileSystem = mapOperations(source, (operation, next) => async (request, callContext) => {
  const { name, newName } = request as { name?: Uint8Array; newName?: Uint8Array };
  if (operation === "create" && name && Buffer.from(name).toString() === appearing) {
    appearing = undefined;
    await source.mknod({ parent: root, name, mode: 0o100644, rdev: 0 }, context);
  }
  if (operation === "rename" && newName && Buffer.from(newName).toString() === refused) {
    refused = undefined;
    throw Object.assign(new Error("no room"), { code: "ENOSPC" });
  }
  return await next(request, callContext);
});

const mount = await mountFuseNative(fileSystem, {
  mountpoint,
  source: "memory",
  subtype: "kedge-test",
  mountOptions: { ...defaultMountOptions, allowOther: false, defaultPermissions: true },
  logger: silentLogger,
});

function unmount(lazy: boolean): void {
  mount.unmount({ lazy }).catch((error) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}
process.on("SIGTERM", () => unmount(false));
process.on("disconnect", () => unmount(true));
process.on("message", ({ write, appear, refuseRename }: ChildRequest) => {
  appearing = appear?.name ?? appearing;
  refused = refuseRename?.name ?? refused;
  const done = write ? writeAsOther(write.name, write.text) : Promise.resolve();
  done.then(
    () => process.send?.("done"),
    (error) => process.send?.(String(error)),
  );
});
console.log("ready");

await mount.closed;
process.removeAllListeners("disconnect");
if (process.connected) process.disconnect();
