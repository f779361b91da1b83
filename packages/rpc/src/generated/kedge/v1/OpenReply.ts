// Original file: proto/kedge/v1/kedge.proto


export interface OpenReply {
  'ticket'?: (Buffer | Uint8Array | string);
  'content'?: (Buffer | Uint8Array | string);
}

export interface OpenReply__Output {
  'ticket': (Buffer);
  'content': (Buffer);
}
