// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface FallocateRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'mode'?: (number);
  'offset'?: (number | string | Long);
  'length'?: (number | string | Long);
}

export interface FallocateRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'mode': (number);
  'offset': (Long);
  'length': (Long);
}
