// Original file: proto/kedge/v1/kedge.proto


export interface XattrReply {
  'value'?: (Buffer | Uint8Array | string);
}

export interface XattrReply__Output {
  'value': (Buffer);
}
