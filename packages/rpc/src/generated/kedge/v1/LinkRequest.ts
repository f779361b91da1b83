// Original file: proto/kedge/v1/kedge.proto


export interface LinkRequest {
  'node'?: (Buffer | Uint8Array | string);
  'newParent'?: (Buffer | Uint8Array | string);
  'newName'?: (Buffer | Uint8Array | string);
}

export interface LinkRequest__Output {
  'node': (Buffer);
  'newParent': (Buffer);
  'newName': (Buffer);
}
