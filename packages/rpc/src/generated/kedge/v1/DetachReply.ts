// Original file: proto/kedge/v1/kedge.proto


export interface DetachReply {
}

export interface DetachReply__Output {
}
