import type { ProfileResult } from "./result.ts";

export const markdownReport = (_profiles: readonly ProfileResult[]): string => "";
