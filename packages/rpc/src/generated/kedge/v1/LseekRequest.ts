// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface LseekRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'whence'?: (number);
}

export interface LseekRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'offset': (Long);
  'whence': (number);
}
