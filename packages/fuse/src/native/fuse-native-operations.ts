import type { AdapterState } from "./adapter-state.ts";
import { createAttributeOperations } from "./attribute-operations.ts";
import { createDirectoryOperations } from "./directory-operations.ts";
import { createFileOperations } from "./file-operations.ts";
import { createNameOperations } from "./name-operations.ts";
import type { NativeOperations } from "./native-operations.ts";
import { createXattrOperations } from "./xattr-operations.ts";

/** The path-based operations of libfuse 2, on a node-based FileSystem. */
export function createNativeOperations(state: AdapterState): NativeOperations {
  return {
    ...createAttributeOperations(state),
    ...createNameOperations(state),
    ...createFileOperations(state),
    ...createDirectoryOperations(state),
    ...createXattrOperations(state),
  };
}
