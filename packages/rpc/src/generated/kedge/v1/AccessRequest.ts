// Original file: proto/kedge/v1/kedge.proto


export interface AccessRequest {
  'node'?: (Buffer | Uint8Array | string);
  'mask'?: (number);
}

export interface AccessRequest__Output {
  'node': (Buffer);
  'mask': (number);
}
