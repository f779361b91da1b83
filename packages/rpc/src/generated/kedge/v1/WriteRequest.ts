// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface WriteRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface WriteRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'offset': (Long);
  'data': (Buffer);
}
