// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface CreateRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
  'mode'?: (number);
  'flags'?: (number);
  'handle'?: (number | string | Long);
  'umask'?: (number);
  '_umask'?: "umask";
}

export interface CreateRequest__Output {
  'parent': (Buffer);
  'name': (Buffer);
  'mode': (number);
  'flags': (number);
  'handle': (Long);
  'umask'?: (number);
  '_umask'?: "umask";
}
