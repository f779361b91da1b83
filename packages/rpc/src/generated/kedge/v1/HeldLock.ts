// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface HeldLock {
  'type'?: (string);
  'start'?: (number | string | Long);
  'length'?: (number | string | Long);
  'pid'?: (number | string | Long);
}

export interface HeldLock__Output {
  'type': (string);
  'start': (Long);
  'length': (Long);
  'pid': (Long);
}
