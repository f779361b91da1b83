// Original file: proto/kedge/v1/kedge.proto

import type { Timespec as _kedge_v1_Timespec, Timespec__Output as _kedge_v1_Timespec__Output } from '../../kedge/v1/Timespec.ts';
import type { Long } from '@grpc/proto-loader';

export interface Attr {
  'ino'?: (number | string | Long);
  'mode'?: (number);
  'nlink'?: (number);
  'uid'?: (number);
  'gid'?: (number);
  'rdev'?: (number);
  'size'?: (number | string | Long);
  'blocks'?: (number | string | Long);
  'blksize'?: (number);
  'atime'?: (_kedge_v1_Timespec | null);
  'mtime'?: (_kedge_v1_Timespec | null);
  'ctime'?: (_kedge_v1_Timespec | null);
  'btime'?: (_kedge_v1_Timespec | null);
  'noXattrs'?: (boolean);
}

export interface Attr__Output {
  'ino': (Long);
  'mode': (number);
  'nlink': (number);
  'uid': (number);
  'gid': (number);
  'rdev': (number);
  'size': (Long);
  'blocks': (Long);
  'blksize': (number);
  'atime': (_kedge_v1_Timespec__Output | null);
  'mtime': (_kedge_v1_Timespec__Output | null);
  'ctime': (_kedge_v1_Timespec__Output | null);
  'btime': (_kedge_v1_Timespec__Output | null);
  'noXattrs': (boolean);
}
