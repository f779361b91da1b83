// Original file: proto/kedge/v1/kedge.proto


export interface DetachRequest {
  'sessionId'?: (Buffer | Uint8Array | string);
}

export interface DetachRequest__Output {
  'sessionId': (Buffer);
}
