// Original file: proto/kedge/v1/kedge.proto


export interface Empty {
}

export interface Empty__Output {
}
