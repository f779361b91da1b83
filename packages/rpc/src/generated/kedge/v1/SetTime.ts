// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface SetTime {
  'now'?: (boolean);
  'sec'?: (number | string | Long);
  'nsec'?: (number);
}

export interface SetTime__Output {
  'now': (boolean);
  'sec': (Long);
  'nsec': (number);
}
