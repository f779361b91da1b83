// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface HandleRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
}

export interface HandleRequest__Output {
  'node': (Buffer);
  'handle': (Long);
}
