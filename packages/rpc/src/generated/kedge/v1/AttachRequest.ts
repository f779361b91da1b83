// Original file: proto/kedge/v1/kedge.proto


export interface AttachRequest {
  'protocolVersion'?: (number);
  'exportName'?: (string);
  'sessionId'?: (Buffer | Uint8Array | string);
  'clientDescription'?: (string);
}

export interface AttachRequest__Output {
  'protocolVersion': (number);
  'exportName': (string);
  'sessionId': (Buffer);
  'clientDescription': (string);
}
