// Original file: proto/kedge/v1/kedge.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AttachReply as _kedge_v1_AttachReply, AttachReply__Output as _kedge_v1_AttachReply__Output } from '../../kedge/v1/AttachReply.ts';
import type { AttachRequest as _kedge_v1_AttachRequest, AttachRequest__Output as _kedge_v1_AttachRequest__Output } from '../../kedge/v1/AttachRequest.ts';
import type { ClientFrame as _kedge_v1_ClientFrame, ClientFrame__Output as _kedge_v1_ClientFrame__Output } from '../../kedge/v1/ClientFrame.ts';
import type { DetachReply as _kedge_v1_DetachReply, DetachReply__Output as _kedge_v1_DetachReply__Output } from '../../kedge/v1/DetachReply.ts';
import type { DetachRequest as _kedge_v1_DetachRequest, DetachRequest__Output as _kedge_v1_DetachRequest__Output } from '../../kedge/v1/DetachRequest.ts';
import type { ServerFrame as _kedge_v1_ServerFrame, ServerFrame__Output as _kedge_v1_ServerFrame__Output } from '../../kedge/v1/ServerFrame.ts';

export interface KedgeClient extends grpc.Client {
  Attach(argument: _kedge_v1_AttachRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  Attach(argument: _kedge_v1_AttachRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  Attach(argument: _kedge_v1_AttachRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  Attach(argument: _kedge_v1_AttachRequest, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  attach(argument: _kedge_v1_AttachRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  attach(argument: _kedge_v1_AttachRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  attach(argument: _kedge_v1_AttachRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  attach(argument: _kedge_v1_AttachRequest, callback: grpc.requestCallback<_kedge_v1_AttachReply__Output>): grpc.ClientUnaryCall;
  
  Detach(argument: _kedge_v1_DetachRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  Detach(argument: _kedge_v1_DetachRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  Detach(argument: _kedge_v1_DetachRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  Detach(argument: _kedge_v1_DetachRequest, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  detach(argument: _kedge_v1_DetachRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  detach(argument: _kedge_v1_DetachRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  detach(argument: _kedge_v1_DetachRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  detach(argument: _kedge_v1_DetachRequest, callback: grpc.requestCallback<_kedge_v1_DetachReply__Output>): grpc.ClientUnaryCall;
  
  Session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_ClientFrame, _kedge_v1_ServerFrame__Output>;
  Session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_ClientFrame, _kedge_v1_ServerFrame__Output>;
  session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_ClientFrame, _kedge_v1_ServerFrame__Output>;
  session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kedge_v1_ClientFrame, _kedge_v1_ServerFrame__Output>;
  
}

export interface KedgeHandlers extends grpc.UntypedServiceImplementation {
  Attach: grpc.handleUnaryCall<_kedge_v1_AttachRequest__Output, _kedge_v1_AttachReply>;
  
  Detach: grpc.handleUnaryCall<_kedge_v1_DetachRequest__Output, _kedge_v1_DetachReply>;
  
  Session: grpc.handleBidiStreamingCall<_kedge_v1_ClientFrame__Output, _kedge_v1_ServerFrame>;
  
}

export interface KedgeDefinition extends grpc.ServiceDefinition {
  Attach: MethodDefinition<_kedge_v1_AttachRequest, _kedge_v1_AttachReply, _kedge_v1_AttachRequest__Output, _kedge_v1_AttachReply__Output>
  Detach: MethodDefinition<_kedge_v1_DetachRequest, _kedge_v1_DetachReply, _kedge_v1_DetachRequest__Output, _kedge_v1_DetachReply__Output>
  Session: MethodDefinition<_kedge_v1_ClientFrame, _kedge_v1_ServerFrame, _kedge_v1_ClientFrame__Output, _kedge_v1_ServerFrame__Output>
}
