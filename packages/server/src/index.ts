export type { AllowRule, ExportConfig, Squash } from "./export/export-config.ts";
export { readOnly, squash } from "./export/layers.ts";
export { type Local, type LocalOptions, local } from "./local/local.ts";
export { type RunningServer, type ServerOptions, startServer } from "./start-server.ts";
export { openStateDirectory, type StateDirectory } from "./state/state-directory.ts";
