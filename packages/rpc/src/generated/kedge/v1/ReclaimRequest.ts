// Original file: proto/kedge/v1/kedge.proto

import type { HeldLock as _kedge_v1_HeldLock, HeldLock__Output as _kedge_v1_HeldLock__Output } from '../../kedge/v1/HeldLock.ts';
import type { Long } from '@grpc/proto-loader';

export interface ReclaimRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handles'?: (number | string | Long)[];
  'owner'?: (number | string | Long);
  'kind'?: (string);
  'pid'?: (number | string | Long);
  'locks'?: (_kedge_v1_HeldLock)[];
}

export interface ReclaimRequest__Output {
  'node': (Buffer);
  'handles': (Long)[];
  'owner': (Long);
  'kind': (string);
  'pid': (Long);
  'locks': (_kedge_v1_HeldLock__Output)[];
}
