export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One event, one line. `message` says what happened in plain words; `fields` carry what a machine might filter by. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

const nothing = (): void => {};
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
