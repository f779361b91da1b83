// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface TmpfileRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'mode'?: (number);
  'flags'?: (number);
  'handle'?: (number | string | Long);
  'umask'?: (number);
  '_umask'?: "umask";
}

export interface TmpfileRequest__Output {
  'parent': (Buffer);
  'mode': (number);
  'flags': (number);
  'handle': (Long);
  'umask'?: (number);
  '_umask'?: "umask";
}
