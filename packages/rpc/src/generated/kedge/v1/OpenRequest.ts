// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface OpenRequest {
  'node'?: (Buffer | Uint8Array | string);
  'flags'?: (number);
  'handle'?: (number | string | Long);
}

export interface OpenRequest__Output {
  'node': (Buffer);
  'flags': (number);
  'handle': (Long);
}
