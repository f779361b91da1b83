// Original file: proto/kedge/v1/kedge.proto

import type { Reply as _kedge_v1_Reply, Reply__Output as _kedge_v1_Reply__Output } from '../../kedge/v1/Reply.ts';
import type { Recall as _kedge_v1_Recall, Recall__Output as _kedge_v1_Recall__Output } from '../../kedge/v1/Recall.ts';

export interface ServerFrame {
  'replies'?: (_kedge_v1_Reply)[];
  'recalls'?: (_kedge_v1_Recall)[];
}

export interface ServerFrame__Output {
  'replies': (_kedge_v1_Reply__Output)[];
  'recalls': (_kedge_v1_Recall__Output)[];
}
