// Original file: proto/kedge/v1/kedge.proto


export interface MknodRequest {
  'parent'?: (Buffer | Uint8Array | string);
  'name'?: (Buffer | Uint8Array | string);
  'mode'?: (number);
  'rdev'?: (number);
  'umask'?: (number);
  '_umask'?: "umask";
}

export interface MknodRequest__Output {
  'parent': (Buffer);
  'name': (Buffer);
  'mode': (number);
  'rdev': (number);
  'umask'?: (number);
  '_umask'?: "umask";
}
