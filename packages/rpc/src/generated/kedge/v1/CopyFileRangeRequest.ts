// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface CopyFileRangeRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'newNode'?: (Buffer | Uint8Array | string);
  'newHandle'?: (number | string | Long);
  'newOffset'?: (number | string | Long);
  'length'?: (number | string | Long);
}

export interface CopyFileRangeRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'offset': (Long);
  'newNode': (Buffer);
  'newHandle': (Long);
  'newOffset': (Long);
  'length': (Long);
}
