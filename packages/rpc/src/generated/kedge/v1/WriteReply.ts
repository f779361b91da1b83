// Original file: proto/kedge/v1/kedge.proto


export interface WriteReply {
  'size'?: (number);
}

export interface WriteReply__Output {
  'size': (number);
}
