// Original file: proto/kedge/v1/kedge.proto

import type { Request as _kedge_v1_Request, Request__Output as _kedge_v1_Request__Output } from '../../kedge/v1/Request.ts';
import type { Long } from '@grpc/proto-loader';

export interface ClientFrame {
  'requests'?: (_kedge_v1_Request)[];
  'ackedBelow'?: (number | string | Long);
  'recalled'?: (number | string | Long);
  'interrupted'?: (number | string | Long)[];
}

export interface ClientFrame__Output {
  'requests': (_kedge_v1_Request__Output)[];
  'ackedBelow': (Long);
  'recalled': (Long);
  'interrupted': (Long)[];
}
