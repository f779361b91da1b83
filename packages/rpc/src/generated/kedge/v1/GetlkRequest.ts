// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface GetlkRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'owner'?: (number | string | Long);
  'kind'?: (string);
  'type'?: (string);
  'start'?: (number | string | Long);
  'length'?: (number | string | Long);
  'pid'?: (number | string | Long);
}

export interface GetlkRequest__Output {
  'node': (Buffer);
  'handle': (Long);
  'owner': (Long);
  'kind': (string);
  'type': (string);
  'start': (Long);
  'length': (Long);
  'pid': (Long);
}
