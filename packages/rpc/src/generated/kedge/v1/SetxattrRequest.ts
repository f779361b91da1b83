// Original file: proto/kedge/v1/kedge.proto


export interface SetxattrRequest {
  'node'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
  'value'?: (Buffer | Uint8Array | string);
  'flags'?: (number);
}

export interface SetxattrRequest__Output {
  'node': (Buffer);
  'name': (Buffer);
  'value': (Buffer);
  'flags': (number);
}
