// Original file: proto/kedge/v1/kedge.proto


export interface ReadlinkReply {
  'target'?: (Buffer | Uint8Array | string);
}

export interface ReadlinkReply__Output {
  'target': (Buffer);
}
