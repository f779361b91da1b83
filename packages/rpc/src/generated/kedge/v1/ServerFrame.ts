// Original file: proto/kedge/v1/kedge.proto

import type { Reply as _kedge_v1_Reply, Reply__Output as _kedge_v1_Reply__Output } from '../../kedge/v1/Reply.ts';

export interface ServerFrame {
  'replies'?: (_kedge_v1_Reply)[];
}

export interface ServerFrame__Output {
  'replies': (_kedge_v1_Reply__Output)[];
}
