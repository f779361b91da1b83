// Original file: proto/kedge/v1/kedge.proto

import type { Long } from '@grpc/proto-loader';

export interface StatFs {
  'blocks'?: (number | string | Long);
  'bfree'?: (number | string | Long);
  'bavail'?: (number | string | Long);
  'files'?: (number | string | Long);
  'ffree'?: (number | string | Long);
  'bsize'?: (number);
  'frsize'?: (number);
  'namelen'?: (number);
}

export interface StatFs__Output {
  'blocks': (Long);
  'bfree': (Long);
  'bavail': (Long);
  'files': (Long);
  'ffree': (Long);
  'bsize': (number);
  'frsize': (number);
  'namelen': (number);
}
