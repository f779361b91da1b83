/** Writes what is derived: docs/operations.md from the table of operations, the wire's types from the proto file. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { operationsPage } from "@kedgefs/core";

const root = resolve(import.meta.dirname, "..");
const generated = resolve(root, "packages/rpc/src/generated");

writeFileSync(resolve(root, "docs/operations.md"), operationsPage());
rmSync(generated, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [
    resolve(root, "node_modules/.bin/proto-loader-gen-types"),
    "--defaults",
    "--oneofs",
    "--grpcLib=@grpc/grpc-js",
    "--importFileExtension=.ts",
    "--targetFileExtension=.ts",
    "--outDir",
    generated,
    "proto/kedge/v1/kedge.proto",
  ],
  { cwd: root, stdio: ["ignore", "ignore", "inherit"] },
);
