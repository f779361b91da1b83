import type { MountRecord } from "./mount-record.ts";
import type { MountStatus } from "./mount-status.ts";
import { processStartTicks } from "./process-identity.ts";

/** A record as this process would make it. */
export async function recordOfThisProcess(mountpoint: string): Promise<MountRecord> {
  return {
    mountpoint,
    source: "nas:7440/docs",
    server: "nas:7440",
    exportName: "docs",
    driver: "kernel",
    readOnly: false,
    pid: process.pid,
    processStartTicks: (await processStartTicks(process.pid)) ?? "",
    mountedAt: "2030-01-01T00:00:00.000Z",
  };
}

export const connectedStatus: MountStatus = {
  mountpoint: "/mnt/docs",
  source: "nas:7440/docs",
  server: "nas:7440",
  exportName: "docs",
  driver: "kernel",
  readOnly: false,
  pid: 12,
  mountedAt: "2030-01-01T00:00:00.000Z",
  state: "connected",
  stateMs: 1000,
  attempts: 0,
  lastError: null,
  serverIncarnation: "i1",
  inFlightCount: 0,
  inFlight: [],
};
