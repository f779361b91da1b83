import { type CallContext, FsError, type NodeId } from "@kedgefs/core";
import { type AdapterState, walking } from "./adapter-state.ts";
import type { NativeOperations } from "./native-operations.ts";
import { nameFromText } from "./native-path.ts";

type XattrOperations = Pick<NativeOperations, "getxattr" | "setxattr" | "listxattr" | "removexattr">;

/** Extended attributes. ACLs are refused: libfuse 2 does not ask the kernel to go by them, and it would permit what they forbid. */
export function createXattrOperations(state: AdapterState): XattrOperations {
  const { fileSystem } = state;

  const at = <Answer>(context: CallContext, path: string, call: (node: NodeId) => Promise<Answer>): Promise<Answer> =>
    walking(state, context, async (walk) => await call((await walk.to(path)).node));

  return {
    async getxattr(context, path, text) {
      const name = attributeName(text);
      return await at(context, path, async (node) => (await fileSystem.getxattr({ node, name }, context)).value);
    },

    async setxattr(context, path, text, value, flags) {
      const name = attributeName(text);
      await at(context, path, (node) => fileSystem.setxattr({ node, name, value, flags }, context));
    },

    listxattr: (context, path) =>
      at(context, path, async (node) => withoutAcls((await fileSystem.listxattr({ node }, context)).names)),

    async removexattr(context, path, text) {
      const name = attributeName(text);
      await at(context, path, (node) => fileSystem.removexattr({ node, name }, context));
    },
  };
}

const acls: readonly string[] = ["system.posix_acl_access", "system.posix_acl_default"];

function attributeName(text: string): Uint8Array {
  if (acls.includes(text)) throw new FsError("EOPNOTSUPP", "the driver fuse-native has no ACLs");
  return nameFromText(text);
}

function withoutAcls(names: Uint8Array): Uint8Array {
  const kept = Buffer.from(names.buffer, names.byteOffset, names.byteLength)
    .toString("latin1")
    .split("\0")
    .filter((name) => name !== "" && !acls.includes(name));
  return Buffer.from(kept.map((name) => `${name}\0`).join(""), "latin1");
}
