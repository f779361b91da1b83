// Original file: proto/kedge/v1/kedge.proto


export interface XattrListReply {
  'names'?: (Buffer | Uint8Array | string);
}

export interface XattrListReply__Output {
  'names': (Buffer);
}
