// Original file: proto/kedge/v1/kedge.proto


export interface RenameRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
  'newParent'?: (Buffer | Uint8Array | string);
  'newName'?: (Buffer | Uint8Array | string);
  'flags'?: (number);
}

export interface RenameRequest__Output {
  'parent': (Buffer);
  'name': (Buffer);
  'newParent': (Buffer);
  'newName': (Buffer);
  'flags': (number);
}
