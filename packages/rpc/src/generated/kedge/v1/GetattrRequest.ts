// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface GetattrRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  '_handle'?: "handle";
}

export interface GetattrRequest__Output {
  'node': (Buffer);
  'handle'?: (Long);
  '_handle'?: "handle";
}
