// Original file: proto/kedge/v1/kedge.proto


export interface NodeRequest {
  'node'?: (Buffer | Uint8Array | string);
}

export interface NodeRequest__Output {
  'node': (Buffer);
}
