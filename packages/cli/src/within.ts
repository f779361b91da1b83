/** Whether `work` settled within a time. It goes on in any case; its failure counts as settled. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, timeoutMs, false);
  const settled = (): void => resolve(true);
  work.then(settled, settled);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
