// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface Recall {
  'id'?: (number | string | Long);
  'node'?: (Buffer | Uint8Array | string);
}

export interface Recall__Output {
  'id': (Long);
  'node': (Buffer);
}
