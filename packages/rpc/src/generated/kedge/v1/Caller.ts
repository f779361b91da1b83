// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface Caller {
  'uid'?: (number);
  'gid'?: (number);
  'groups'?: (number)[];
  'pid'?: (number | string | Long);
}

export interface Caller__Output {
  'uid': (number);
  'gid': (number);
  'groups': (number)[];
  'pid': (Long);
}
