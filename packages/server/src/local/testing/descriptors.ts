import fs from "node:fs";
import type { NodeId } from "@kedgefs/core";

export const node = (number: number): NodeId => `node ${number}` as NodeId;

export const openOne = (): number => fs.openSync("/", fs.constants.O_RDONLY);

export function isOpen(fd: number): boolean {
  try {
    fs.fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}
