// Original file: proto/kedge/v1/kedge.proto

import type { DirEntry as _kedge_v1_DirEntry, DirEntry__Output as _kedge_v1_DirEntry__Output } from '../../kedge/v1/DirEntry.ts';

export interface ReaddirReply {
  'entries'?: (_kedge_v1_DirEntry)[];
  'end'?: (boolean);
}

export interface ReaddirReply__Output {
  'entries': (_kedge_v1_DirEntry__Output)[];
  'end': (boolean);
}
