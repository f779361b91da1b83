import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } from "@kedgefs/core";

const letters: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  a: O_WRONLY | O_CREAT | O_APPEND,
};

/** node's flags for `open` as a number: "r", "w" or "a", with "+" (read and write), "x" (exclusive), "s" (synchronous). */
export function openFlagsFrom(flags: string | number): number {
  if (typeof flags === "number") return flags;
  const base = letters[flags[0] ?? ""];
  const marks = flags.slice(1);
  const valid = base !== undefined && /^[+xs]*$/.test(marks) && new Set(marks).size === marks.length;
  if (!valid || (flags[0] === "r" && marks.includes("x"))) {
    const error = new TypeError(`The argument 'flags' is invalid. Received '${flags}'`);
    throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
  }
  const access = marks.includes("+") ? (base & ~O_WRONLY) | O_RDWR : base;
  return access | (marks.includes("x") ? O_EXCL : 0) | (marks.includes("s") ? O_SYNC : 0);
}
