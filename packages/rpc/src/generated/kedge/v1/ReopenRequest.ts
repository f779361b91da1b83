// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface ReopenRequest {
  'node'?: (Buffer | Uint8Array | string);
  'flags'?: (number);
  'handle'?: (number | string | Long);
  'directory'?: (boolean);
  'ticket'?: (Buffer | Uint8Array | string);
}

export interface ReopenRequest__Output {
  'node': (Buffer);
  'flags': (number);
  'handle': (Long);
  'directory': (boolean);
  'ticket': (Buffer);
}
