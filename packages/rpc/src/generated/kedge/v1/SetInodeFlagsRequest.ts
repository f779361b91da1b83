// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface SetInodeFlagsRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'flags'?: (number);
  'fsxattr'?: (Buffer | Uint8Array | string);
  '_flags'?: "flags";
  '_fsxattr'?: "fsxattr";
}

export interface SetInodeFlagsRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'flags'?: (number);
  'fsxattr'?: (Buffer);
  '_flags'?: "flags";
  '_fsxattr'?: "fsxattr";
}
