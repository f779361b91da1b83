// Original file: proto/kedge/v1/kedge.proto


export interface InodeFlagsReply {
  'flags'?: (number);
  'fsxattr'?: (Buffer | Uint8Array | string);
}

export interface InodeFlagsReply__Output {
  'flags': (number);
  'fsxattr': (Buffer);
}
