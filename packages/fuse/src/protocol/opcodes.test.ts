import assert from "node:assert/strict";
import { test } from "node:test";
import { operationNames, operations } from "@kedgefs/core";
import { frameOf, struct } from "../test/request-bytes.ts";
import {
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_IOC_GETFLAGS,
  FS_IOC_SETFLAGS,
  type OpcodeName,
  opcodeNumbers,
} from "./constants.ts";
import type { OpcodeRow } from "./opcode-row.ts";
import { opcodeTable, rowOfOpcode, rowOfRequest } from "./opcodes.ts";

const ENOSYS = 38;
const ENOTTY = 25;
const names = Object.keys(opcodeTable) as OpcodeName[];

test("the opcodes that core's table names lead to the operation that it says, and no others do", () => {
  for (const operation of operationNames.filter((name) => name !== "forget")) {
    const leading = names.filter((name) => leadsTo(opcodeTable[name]).includes(operation));
    assert.deepEqual(leading.toSorted(), [...operations[operation].fuse].toSorted(), operation);
  }
  assert.deepEqual(operations.forget.fuse, ["FORGET", "BATCH_FORGET"]);
  assert.equal(opcodeTable.FORGET.kind, "driver");
  assert.equal(opcodeTable.BATCH_FORGET.kind, "driver");
});

test("each opcode's number leads to its row", () => {
  for (const name of names) {
    assert.deepEqual(rowOfOpcode(opcodeNumbers[name]), { name, row: opcodeTable[name] });
  }
});

test("an opcode of a newer kernel, and the gaps in the numbers, are refused with ENOSYS", () => {
  for (const opcode of [0, 7, 19, 99, 4096, 0xffffffff]) {
    assert.deepEqual(rowOfOpcode(opcode).row, { kind: "refused", errno: ENOSYS });
  }
});

test("of ioctl's commands those of inode flags are forwarded, the others are ENOTTY", () => {
  const rowOf = (command: number) => {
    const body = struct([64, 42], [32, 0], [32, command], [64, 0], [32, 0], [32, 4]);
    return rowOfRequest(frameOf("IOCTL", body)).row;
  };
  const operationOf = (command: number) => leadsTo(rowOf(command));
  assert.deepEqual([FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR].flatMap(operationOf), ["getInodeFlags", "getInodeFlags"]);
  assert.deepEqual([FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR].flatMap(operationOf), ["setInodeFlags", "setInodeFlags"]);
  const FIONREAD = 0x541b;
  assert.deepEqual(rowOf(FIONREAD), { kind: "refused", errno: ENOTTY });
});

test("ENOSYS is said only to what the kernel can do without", () => {
  const refused = names.filter((name) => isEnosys(opcodeTable[name]));
  assert.deepEqual(refused.toSorted(), ["BMAP", "POLL", "REMOVEMAPPING", "SETUPMAPPING", "SYNCFS"]);
});

test("groups are looked up for operations that check permission", () => {
  const unchecked = ["READ", "WRITE", "FLUSH", "RELEASE", "FSYNC", "STATFS", "GETATTR", "READLINK"] as const;
  for (const name of unchecked) assert.equal(checks(opcodeTable[name]), false, name);
  for (const name of ["LOOKUP", "SETATTR", "CREATE", "OPEN", "OPENDIR", "READDIR", "RENAME2", "ACCESS"] as const) {
    assert.equal(checks(opcodeTable[name]), true, name);
  }
});

function leadsTo(row: OpcodeRow): readonly string[] {
  if (row.kind === "byCommand") return Object.values(row.rows).map(({ operation }) => operation);
  return row.kind === "forwarded" ? [row.operation] : [];
}
const checks = (row: OpcodeRow): boolean | undefined => (row.kind === "forwarded" ? row.checksPermission : undefined);
const isEnosys = (row: OpcodeRow): boolean => row.kind === "refused" && row.errno === ENOSYS;
