/** For an option that may be given several times: the values in their order. */
export function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}
