// Original file: proto/kedge/v1/kedge.proto

import type { Entry as _kedge_v1_Entry, Entry__Output as _kedge_v1_Entry__Output } from '../../kedge/v1/Entry.ts';
import type { Long } from '@grpc/proto-loader';

export interface DirEntry {
  'name'?: (Buffer | Uint8Array | string);
  'ino'?: (number | string | Long);
  'type'?: (number);
  'offset'?: (number | string | Long);
  'entry'?: (_kedge_v1_Entry | null);
  '_entry'?: "entry";
}

export interface DirEntry__Output {
  'name': (Buffer);
  'ino': (Long);
  'type': (number);
  'offset': (Long);
  'entry'?: (_kedge_v1_Entry__Output | null);
  '_entry'?: "entry";
}
