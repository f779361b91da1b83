// Original file: proto/kedge/v1/kedge.proto

import type { HeldLock as _kedge_v1_HeldLock, HeldLock__Output as _kedge_v1_HeldLock__Output } from '../../kedge/v1/HeldLock.ts';

export interface GetlkReply {
  'lock'?: (_kedge_v1_HeldLock | null);
}

export interface GetlkReply__Output {
  'lock': (_kedge_v1_HeldLock__Output | null);
}
