// Original file: proto/kedge/v1/kedge.proto


export interface MkdirRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
  'mode'?: (number);
  'umask'?: (number);
  '_umask'?: "umask";
}

export interface MkdirRequest__Output {
  'parent': (Buffer);
  'name': (Buffer);
  'mode': (number);
  'umask'?: (number);
  '_umask'?: "umask";
}
