const terminal = process.stdout.isTTY === true;

/** A line that stays. */
export function say(text: string): void {
  if (terminal) process.stdout.write("\r\x1b[K");
  process.stdout.write(`${text}\n`);
}

/** A line that the next one takes the place of; nothing where the output is no terminal. */
export function showProgress(text: string): void {
  if (terminal) process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}

export const count = (value: number): string => value.toLocaleString("en-US");
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
export const rate = (bytes: number, ms: number): string => `${(bytes / 1e6 / (ms / 1000)).toFixed(1)} MB/s`;
