// Original file: proto/kedge/v1/kedge.proto

import type { Entry as _kedge_v1_Entry, Entry__Output as _kedge_v1_Entry__Output } from '../../kedge/v1/Entry.ts';
import type { Long } from '@grpc/proto-loader';

export interface AttachReply {
  'protocolVersion'?: (number);
  'sessionId'?: (Buffer | Uint8Array | string);
  'incarnation'?: (Buffer | Uint8Array | string);
  'resumed'?: (boolean);
  'epoch'?: (number | string | Long);
  'root'?: (_kedge_v1_Entry | null);
  'readOnly'?: (boolean);
  'coarseTimes'?: (boolean);
  'requestsInFlightMax'?: (number);
  'serverVersion'?: (string);
  'closeReports'?: (boolean);
  'leaseMs'?: (number);
  'strictAtime'?: (boolean);
  'awaitsLocks'?: (boolean);
}

export interface AttachReply__Output {
  'protocolVersion': (number);
  'sessionId': (Buffer);
  'incarnation': (Buffer);
  'resumed': (boolean);
  'epoch': (Long);
  'root': (_kedge_v1_Entry__Output | null);
  'readOnly': (boolean);
  'coarseTimes': (boolean);
  'requestsInFlightMax': (number);
  'serverVersion': (string);
  'closeReports': (boolean);
  'leaseMs': (number);
  'strictAtime': (boolean);
  'awaitsLocks': (boolean);
}
