// Original file: proto/kedge/v1/kedge.proto


export interface Error {
  'errno'?: (string);
  'message'?: (string);
}

export interface Error__Output {
  'errno': (string);
  'message': (string);
}
