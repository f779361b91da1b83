/** What the process of a mount in the background tells the command that started it, once. */
export type DaemonMessage =
  | { readonly kind: "ready"; readonly source: string }
  /** `text` is for stderr. */
  | { readonly kind: "failed"; readonly text: string; readonly exitCode: number };

export function isDaemonMessage(value: unknown): value is DaemonMessage {
  const message = value as Partial<Record<string, unknown>> | null;
  if (message?.kind === "ready") return typeof message.source === "string";
  return message?.kind === "failed" && typeof message.text === "string" && typeof message.exitCode === "number";
}

/** Tells the parent, and lets go of it; resolves when it has the message or is gone. */
export async function sendToParent(message: DaemonMessage): Promise<void> {
  if (process.send === undefined || !process.connected) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send(message, undefined, undefined, () => resolve());
  await promise;
  if (process.connected) process.disconnect();
}
