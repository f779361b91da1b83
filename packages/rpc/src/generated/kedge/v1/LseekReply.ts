// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface LseekReply {
  'offset'?: (number | string | Long);
}

export interface LseekReply__Output {
  'offset': (Long);
}
