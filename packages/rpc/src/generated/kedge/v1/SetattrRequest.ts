// Original file: proto/kedge/v1/kedge.proto

import type { SetTime as _kedge_v1_SetTime, SetTime__Output as _kedge_v1_SetTime__Output } from '../../kedge/v1/SetTime.ts';
import type { Long } from '@grpc/proto-loader';

export interface SetattrRequest {
  'node'?: (Buffer | Uint8Array | string);
  'handle'?: (number | string | Long);
  'mode'?: (number);
  'uid'?: (number);
  'gid'?: (number);
  'size'?: (number | string | Long);
  'atime'?: (_kedge_v1_SetTime | null);
  'mtime'?: (_kedge_v1_SetTime | null);
  '_handle'?: "handle";
  '_mode'?: "mode";
  '_uid'?: "uid";
  '_gid'?: "gid";
  '_size'?: "size";
  '_atime'?: "atime";
  '_mtime'?: "mtime";
}

export interface SetattrRequest__Output {
  'node': (Buffer);
  'handle'?: (Long);
  'mode'?: (number);
  'uid'?: (number);
  'gid'?: (number);
  'size'?: (Long);
  'atime'?: (_kedge_v1_SetTime__Output | null);
  'mtime'?: (_kedge_v1_SetTime__Output | null);
  '_handle'?: "handle";
  '_mode'?: "mode";
  '_uid'?: "uid";
  '_gid'?: "gid";
  '_size'?: "size";
  '_atime'?: "atime";
  '_mtime'?: "mtime";
}
