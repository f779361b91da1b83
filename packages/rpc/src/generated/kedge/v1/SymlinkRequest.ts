// Original file: proto/kedge/v1/kedge.proto


export interface SymlinkRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
  'target'?: (Buffer | Uint8Array | string);
}

export interface SymlinkRequest__Output {
  'parent': (Buffer);
  'name': (Buffer);
  'target': (Buffer);
}
