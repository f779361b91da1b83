import type { ProfileResult } from "./result.ts";

/** How far the servers are, as a heading. */
export const distanceOf = ({ delayed }: ProfileResult): string =>
  delayed ? "Over a round trip of 20 ms" : "Without delay";
