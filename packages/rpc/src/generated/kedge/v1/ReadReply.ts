// Original file: proto/kedge/v1/kedge.proto


export interface ReadReply {
  'data'?: (Buffer | Uint8Array | string);
}

export interface ReadReply__Output {
  'data': (Buffer);
}
