/** What is known of a mount without asking the process that serves it. */
export interface MountRecord {
  /** Absolute, without symbolic links. */
  readonly mountpoint: string;
  /** HOST:PORT/EXPORT, as in the table of mounts. */
  readonly source: string;
  /** HOST:PORT */
  readonly server: string;
  readonly exportName: string;
  readonly driver: DriverName;
  readonly readOnly: boolean;
  readonly pid: number;
  /** Tells the process from a later one with the same id; see `processStartTicks`. */
  readonly processStartTicks: string;
  /** ISO 8601. */
  readonly mountedAt: string;
}

export const driverNames = ["kernel", "fuse-native"] as const;
export type DriverName = (typeof driverNames)[number];

/** undefined for what is not a record, such as a file of another version. */
export function parseMountRecord(text: string): MountRecord | undefined {
  let value: Partial<Record<keyof MountRecord, unknown>>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const strings = ["mountpoint", "source", "server", "exportName", "processStartTicks", "mountedAt"] as const;
  if (!strings.every((name) => typeof value[name] === "string")) return undefined;
  if (typeof value.pid !== "number" || typeof value.readOnly !== "boolean") return undefined;
  if (!driverNames.some((name) => name === value.driver)) return undefined;
  return value as MountRecord;
}
