// Original file: proto/kedge/v1/kedge.proto

import type { Attr as _kedge_v1_Attr, Attr__Output as _kedge_v1_Attr__Output } from '../../kedge/v1/Attr.ts';

export interface AttrReply {
  'attr'?: (_kedge_v1_Attr | null);
}

export interface AttrReply__Output {
  'attr': (_kedge_v1_Attr__Output | null);
}
