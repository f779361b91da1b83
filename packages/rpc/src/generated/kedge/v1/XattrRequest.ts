// Original file: proto/kedge/v1/kedge.proto


export interface XattrRequest {
  'node'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
}

export interface XattrRequest__Output {
  'node': (Buffer);
  'name': (Buffer);
}
