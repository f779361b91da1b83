// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface FsyncRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'datasync'?: (boolean);
}

export interface FsyncRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'datasync': (boolean);
}
