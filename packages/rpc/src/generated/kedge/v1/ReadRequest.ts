// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface ReadRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'size'?: (number);
}

export interface ReadRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'offset': (Long);
  'size': (number);
}
