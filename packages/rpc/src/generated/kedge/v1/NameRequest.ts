// Original file: proto/kedge/v1/kedge.proto


export interface NameRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
}

export interface NameRequest__Output {
  'parent': (Buffer);
  'name': (Buffer);
}
