import type { LogLevel } from "@kedgefs/core";
import type { DriverName } from "./mount-record.ts";
import type { MountSpec } from "./mount-spec.ts";

/** What `kedge mount` was asked for, checked and with absolute paths. */
export interface MountConfig {
  /** HOST[:PORT]/EXPORT as it was typed. */
  readonly source: string;
  readonly spec: MountSpec;
  readonly mountpoint: string;
  readonly pki: string;
  /** Name of the client certificate; the only one in `pki` where undefined. */
  readonly cert: string | undefined;
  readonly driver: DriverName;
  /** The text of -o as it was typed, joined by commas; "" where there was none. */
  readonly optionsText: string;
  readonly logLevel: LogLevel;
}
