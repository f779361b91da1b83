import type { Identity } from "./case.ts";

/** Groups and users of the cases. They need no account: the kernel knows numbers only. */
export const staff = 12_100;
export const guests = 12_200;

export const alice: Identity = { uid: 12_001, gid: 12_001, groups: [] };
export const aliceInStaff: Identity = { uid: 12_001, gid: 12_001, groups: [staff] };
export const bob: Identity = { uid: 12_002, gid: 12_002, groups: [] };
export const bobInStaff: Identity = { uid: 12_002, gid: 12_002, groups: [guests, staff] };
