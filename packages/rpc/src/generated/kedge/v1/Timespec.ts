// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface Timespec {
  'sec'?: (number | string | Long);
  'nsec'?: (number);
}

export interface Timespec__Output {
  'sec': (Long);
  'nsec': (number);
}
