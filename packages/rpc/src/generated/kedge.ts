import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AccessRequest as _kedge_v1_AccessRequest, AccessRequest__Output as _kedge_v1_AccessRequest__Output } from './kedge/v1/AccessRequest.ts';
import type { AttachReply as _kedge_v1_AttachReply, AttachReply__Output as _kedge_v1_AttachReply__Output } from './kedge/v1/AttachReply.ts';
import type { AttachRequest as _kedge_v1_AttachRequest, AttachRequest__Output as _kedge_v1_AttachRequest__Output } from './kedge/v1/AttachRequest.ts';
import type { Attr as _kedge_v1_Attr, Attr__Output as _kedge_v1_Attr__Output } from './kedge/v1/Attr.ts';
import type { AttrReply as _kedge_v1_AttrReply, AttrReply__Output as _kedge_v1_AttrReply__Output } from './kedge/v1/AttrReply.ts';
import type { Caller as _kedge_v1_Caller, Caller__Output as _kedge_v1_Caller__Output } from './kedge/v1/Caller.ts';
import type { ClientFrame as _kedge_v1_ClientFrame, ClientFrame__Output as _kedge_v1_ClientFrame__Output } from './kedge/v1/ClientFrame.ts';
import type { CopyFileRangeRequest as _kedge_v1_CopyFileRangeRequest, CopyFileRangeRequest__Output as _kedge_v1_CopyFileRangeRequest__Output } from './kedge/v1/CopyFileRangeRequest.ts';
import type { CreateReply as _kedge_v1_CreateReply, CreateReply__Output as _kedge_v1_CreateReply__Output } from './kedge/v1/CreateReply.ts';
import type { CreateRequest as _kedge_v1_CreateRequest, CreateRequest__Output as _kedge_v1_CreateRequest__Output } from './kedge/v1/CreateRequest.ts';
import type { DetachReply as _kedge_v1_DetachReply, DetachReply__Output as _kedge_v1_DetachReply__Output } from './kedge/v1/DetachReply.ts';
import type { DetachRequest as _kedge_v1_DetachRequest, DetachRequest__Output as _kedge_v1_DetachRequest__Output } from './kedge/v1/DetachRequest.ts';
import type { DirEntry as _kedge_v1_DirEntry, DirEntry__Output as _kedge_v1_DirEntry__Output } from './kedge/v1/DirEntry.ts';
import type { Empty as _kedge_v1_Empty, Empty__Output as _kedge_v1_Empty__Output } from './kedge/v1/Empty.ts';
import type { Entry as _kedge_v1_Entry, Entry__Output as _kedge_v1_Entry__Output } from './kedge/v1/Entry.ts';
import type { Error as _kedge_v1_Error, Error__Output as _kedge_v1_Error__Output } from './kedge/v1/Error.ts';
import type { FallocateRequest as _kedge_v1_FallocateRequest, FallocateRequest__Output as _kedge_v1_FallocateRequest__Output } from './kedge/v1/FallocateRequest.ts';
import type { FsyncRequest as _kedge_v1_FsyncRequest, FsyncRequest__Output as _kedge_v1_FsyncRequest__Output } from './kedge/v1/FsyncRequest.ts';
import type { GetattrRequest as _kedge_v1_GetattrRequest, GetattrRequest__Output as _kedge_v1_GetattrRequest__Output } from './kedge/v1/GetattrRequest.ts';
import type { GetlkReply as _kedge_v1_GetlkReply, GetlkReply__Output as _kedge_v1_GetlkReply__Output } from './kedge/v1/GetlkReply.ts';
import type { GetlkRequest as _kedge_v1_GetlkRequest, GetlkRequest__Output as _kedge_v1_GetlkRequest__Output } from './kedge/v1/GetlkRequest.ts';
import type { HandleRequest as _kedge_v1_HandleRequest, HandleRequest__Output as _kedge_v1_HandleRequest__Output } from './kedge/v1/HandleRequest.ts';
import type { HeldLock as _kedge_v1_HeldLock, HeldLock__Output as _kedge_v1_HeldLock__Output } from './kedge/v1/HeldLock.ts';
import type { InodeFlagsReply as _kedge_v1_InodeFlagsReply, InodeFlagsReply__Output as _kedge_v1_InodeFlagsReply__Output } from './kedge/v1/InodeFlagsReply.ts';
import type { KedgeClient as _kedge_v1_KedgeClient, KedgeDefinition as _kedge_v1_KedgeDefinition } from './kedge/v1/Kedge.ts';
import type { LinkRequest as _kedge_v1_LinkRequest, LinkRequest__Output as _kedge_v1_LinkRequest__Output } from './kedge/v1/LinkRequest.ts';
import type { LseekReply as _kedge_v1_LseekReply, LseekReply__Output as _kedge_v1_LseekReply__Output } from './kedge/v1/LseekReply.ts';
import type { LseekRequest as _kedge_v1_LseekRequest, LseekRequest__Output as _kedge_v1_LseekRequest__Output } from './kedge/v1/LseekRequest.ts';
import type { MkdirRequest as _kedge_v1_MkdirRequest, MkdirRequest__Output as _kedge_v1_MkdirRequest__Output } from './kedge/v1/MkdirRequest.ts';
import type { MknodRequest as _kedge_v1_MknodRequest, MknodRequest__Output as _kedge_v1_MknodRequest__Output } from './kedge/v1/MknodRequest.ts';
import type { NameRequest as _kedge_v1_NameRequest, NameRequest__Output as _kedge_v1_NameRequest__Output } from './kedge/v1/NameRequest.ts';
import type { NodeRequest as _kedge_v1_NodeRequest, NodeRequest__Output as _kedge_v1_NodeRequest__Output } from './kedge/v1/NodeRequest.ts';
import type { OpenReply as _kedge_v1_OpenReply, OpenReply__Output as _kedge_v1_OpenReply__Output } from './kedge/v1/OpenReply.ts';
import type { OpenRequest as _kedge_v1_OpenRequest, OpenRequest__Output as _kedge_v1_OpenRequest__Output } from './kedge/v1/OpenRequest.ts';
import type { ReadReply as _kedge_v1_ReadReply, ReadReply__Output as _kedge_v1_ReadReply__Output } from './kedge/v1/ReadReply.ts';
import type { ReadRequest as _kedge_v1_ReadRequest, ReadRequest__Output as _kedge_v1_ReadRequest__Output } from './kedge/v1/ReadRequest.ts';
import type { ReaddirReply as _kedge_v1_ReaddirReply, ReaddirReply__Output as _kedge_v1_ReaddirReply__Output } from './kedge/v1/ReaddirReply.ts';
import type { ReadlinkReply as _kedge_v1_ReadlinkReply, ReadlinkReply__Output as _kedge_v1_ReadlinkReply__Output } from './kedge/v1/ReadlinkReply.ts';
import type { Recall as _kedge_v1_Recall, Recall__Output as _kedge_v1_Recall__Output } from './kedge/v1/Recall.ts';
import type { ReclaimRequest as _kedge_v1_ReclaimRequest, ReclaimRequest__Output as _kedge_v1_ReclaimRequest__Output } from './kedge/v1/ReclaimRequest.ts';
import type { RenameRequest as _kedge_v1_RenameRequest, RenameRequest__Output as _kedge_v1_RenameRequest__Output } from './kedge/v1/RenameRequest.ts';
import type { ReopenRequest as _kedge_v1_ReopenRequest, ReopenRequest__Output as _kedge_v1_ReopenRequest__Output } from './kedge/v1/ReopenRequest.ts';
import type { Reply as _kedge_v1_Reply, Reply__Output as _kedge_v1_Reply__Output } from './kedge/v1/Reply.ts';
import type { Request as _kedge_v1_Request, Request__Output as _kedge_v1_Request__Output } from './kedge/v1/Request.ts';
import type { ServerFrame as _kedge_v1_ServerFrame, ServerFrame__Output as _kedge_v1_ServerFrame__Output } from './kedge/v1/ServerFrame.ts';
import type { SetInodeFlagsRequest as _kedge_v1_SetInodeFlagsRequest, SetInodeFlagsRequest__Output as _kedge_v1_SetInodeFlagsRequest__Output } from './kedge/v1/SetInodeFlagsRequest.ts';
import type { SetTime as _kedge_v1_SetTime, SetTime__Output as _kedge_v1_SetTime__Output } from './kedge/v1/SetTime.ts';
import type { SetattrRequest as _kedge_v1_SetattrRequest, SetattrRequest__Output as _kedge_v1_SetattrRequest__Output } from './kedge/v1/SetattrRequest.ts';
import type { SetlkRequest as _kedge_v1_SetlkRequest, SetlkRequest__Output as _kedge_v1_SetlkRequest__Output } from './kedge/v1/SetlkRequest.ts';
import type { SetxattrRequest as _kedge_v1_SetxattrRequest, SetxattrRequest__Output as _kedge_v1_SetxattrRequest__Output } from './kedge/v1/SetxattrRequest.ts';
import type { StatFs as _kedge_v1_StatFs, StatFs__Output as _kedge_v1_StatFs__Output } from './kedge/v1/StatFs.ts';
import type { SymlinkRequest as _kedge_v1_SymlinkRequest, SymlinkRequest__Output as _kedge_v1_SymlinkRequest__Output } from './kedge/v1/SymlinkRequest.ts';
import type { Timespec as _kedge_v1_Timespec, Timespec__Output as _kedge_v1_Timespec__Output } from './kedge/v1/Timespec.ts';
import type { TmpfileRequest as _kedge_v1_TmpfileRequest, TmpfileRequest__Output as _kedge_v1_TmpfileRequest__Output } from './kedge/v1/TmpfileRequest.ts';
import type { WriteReply as _kedge_v1_WriteReply, WriteReply__Output as _kedge_v1_WriteReply__Output } from './kedge/v1/WriteReply.ts';
import type { WriteRequest as _kedge_v1_WriteRequest, WriteRequest__Output as _kedge_v1_WriteRequest__Output } from './kedge/v1/WriteRequest.ts';
import type { XattrListReply as _kedge_v1_XattrListReply, XattrListReply__Output as _kedge_v1_XattrListReply__Output } from './kedge/v1/XattrListReply.ts';
import type { XattrReply as _kedge_v1_XattrReply, XattrReply__Output as _kedge_v1_XattrReply__Output } from './kedge/v1/XattrReply.ts';
import type { XattrRequest as _kedge_v1_XattrRequest, XattrRequest__Output as _kedge_v1_XattrRequest__Output } from './kedge/v1/XattrRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kedge: {
    v1: {
      AccessRequest: MessageTypeDefinition<_kedge_v1_AccessRequest, _kedge_v1_AccessRequest__Output>
      AttachReply: MessageTypeDefinition<_kedge_v1_AttachReply, _kedge_v1_AttachReply__Output>
      AttachRequest: MessageTypeDefinition<_kedge_v1_AttachRequest, _kedge_v1_AttachRequest__Output>
      Attr: MessageTypeDefinition<_kedge_v1_Attr, _kedge_v1_Attr__Output>
      AttrReply: MessageTypeDefinition<_kedge_v1_AttrReply, _kedge_v1_AttrReply__Output>
      Caller: MessageTypeDefinition<_kedge_v1_Caller, _kedge_v1_Caller__Output>
      ClientFrame: MessageTypeDefinition<_kedge_v1_ClientFrame, _kedge_v1_ClientFrame__Output>
      CopyFileRangeRequest: MessageTypeDefinition<_kedge_v1_CopyFileRangeRequest, _kedge_v1_CopyFileRangeRequest__Output>
      CreateReply: MessageTypeDefinition<_kedge_v1_CreateReply, _kedge_v1_CreateReply__Output>
      CreateRequest: MessageTypeDefinition<_kedge_v1_CreateRequest, _kedge_v1_CreateRequest__Output>
      DetachReply: MessageTypeDefinition<_kedge_v1_DetachReply, _kedge_v1_DetachReply__Output>
      DetachRequest: MessageTypeDefinition<_kedge_v1_DetachRequest, _kedge_v1_DetachRequest__Output>
      DirEntry: MessageTypeDefinition<_kedge_v1_DirEntry, _kedge_v1_DirEntry__Output>
      Empty: MessageTypeDefinition<_kedge_v1_Empty, _kedge_v1_Empty__Output>
      Entry: MessageTypeDefinition<_kedge_v1_Entry, _kedge_v1_Entry__Output>
      Error: MessageTypeDefinition<_kedge_v1_Error, _kedge_v1_Error__Output>
      FallocateRequest: MessageTypeDefinition<_kedge_v1_FallocateRequest, _kedge_v1_FallocateRequest__Output>
      FsyncRequest: MessageTypeDefinition<_kedge_v1_FsyncRequest, _kedge_v1_FsyncRequest__Output>
      GetattrRequest: MessageTypeDefinition<_kedge_v1_GetattrRequest, _kedge_v1_GetattrRequest__Output>
      GetlkReply: MessageTypeDefinition<_kedge_v1_GetlkReply, _kedge_v1_GetlkReply__Output>
      GetlkRequest: MessageTypeDefinition<_kedge_v1_GetlkRequest, _kedge_v1_GetlkRequest__Output>
      HandleRequest: MessageTypeDefinition<_kedge_v1_HandleRequest, _kedge_v1_HandleRequest__Output>
      HeldLock: MessageTypeDefinition<_kedge_v1_HeldLock, _kedge_v1_HeldLock__Output>
      InodeFlagsReply: MessageTypeDefinition<_kedge_v1_InodeFlagsReply, _kedge_v1_InodeFlagsReply__Output>
      Kedge: SubtypeConstructor<typeof grpc.Client, _kedge_v1_KedgeClient> & { service: _kedge_v1_KedgeDefinition }
      LinkRequest: MessageTypeDefinition<_kedge_v1_LinkRequest, _kedge_v1_LinkRequest__Output>
      LseekReply: MessageTypeDefinition<_kedge_v1_LseekReply, _kedge_v1_LseekReply__Output>
      LseekRequest: MessageTypeDefinition<_kedge_v1_LseekRequest, _kedge_v1_LseekRequest__Output>
      MkdirRequest: MessageTypeDefinition<_kedge_v1_MkdirRequest, _kedge_v1_MkdirRequest__Output>
      MknodRequest: MessageTypeDefinition<_kedge_v1_MknodRequest, _kedge_v1_MknodRequest__Output>
      NameRequest: MessageTypeDefinition<_kedge_v1_NameRequest, _kedge_v1_NameRequest__Output>
      NodeRequest: MessageTypeDefinition<_kedge_v1_NodeRequest, _kedge_v1_NodeRequest__Output>
      OpenReply: MessageTypeDefinition<_kedge_v1_OpenReply, _kedge_v1_OpenReply__Output>
      OpenRequest: MessageTypeDefinition<_kedge_v1_OpenRequest, _kedge_v1_OpenRequest__Output>
      ReadReply: MessageTypeDefinition<_kedge_v1_ReadReply, _kedge_v1_ReadReply__Output>
      ReadRequest: MessageTypeDefinition<_kedge_v1_ReadRequest, _kedge_v1_ReadRequest__Output>
      ReaddirReply: MessageTypeDefinition<_kedge_v1_ReaddirReply, _kedge_v1_ReaddirReply__Output>
      ReadlinkReply: MessageTypeDefinition<_kedge_v1_ReadlinkReply, _kedge_v1_ReadlinkReply__Output>
      Recall: MessageTypeDefinition<_kedge_v1_Recall, _kedge_v1_Recall__Output>
      ReclaimRequest: MessageTypeDefinition<_kedge_v1_ReclaimRequest, _kedge_v1_ReclaimRequest__Output>
      RenameRequest: MessageTypeDefinition<_kedge_v1_RenameRequest, _kedge_v1_RenameRequest__Output>
      ReopenRequest: MessageTypeDefinition<_kedge_v1_ReopenRequest, _kedge_v1_ReopenRequest__Output>
      Reply: MessageTypeDefinition<_kedge_v1_Reply, _kedge_v1_Reply__Output>
      Request: MessageTypeDefinition<_kedge_v1_Request, _kedge_v1_Request__Output>
      ServerFrame: MessageTypeDefinition<_kedge_v1_ServerFrame, _kedge_v1_ServerFrame__Output>
      SetInodeFlagsRequest: MessageTypeDefinition<_kedge_v1_SetInodeFlagsRequest, _kedge_v1_SetInodeFlagsRequest__Output>
      SetTime: MessageTypeDefinition<_kedge_v1_SetTime, _kedge_v1_SetTime__Output>
      SetattrRequest: MessageTypeDefinition<_kedge_v1_SetattrRequest, _kedge_v1_SetattrRequest__Output>
      SetlkRequest: MessageTypeDefinition<_kedge_v1_SetlkRequest, _kedge_v1_SetlkRequest__Output>
      SetxattrRequest: MessageTypeDefinition<_kedge_v1_SetxattrRequest, _kedge_v1_SetxattrRequest__Output>
      StatFs: MessageTypeDefinition<_kedge_v1_StatFs, _kedge_v1_StatFs__Output>
      SymlinkRequest: MessageTypeDefinition<_kedge_v1_SymlinkRequest, _kedge_v1_SymlinkRequest__Output>
      Timespec: MessageTypeDefinition<_kedge_v1_Timespec, _kedge_v1_Timespec__Output>
      TmpfileRequest: MessageTypeDefinition<_kedge_v1_TmpfileRequest, _kedge_v1_TmpfileRequest__Output>
      WriteReply: MessageTypeDefinition<_kedge_v1_WriteReply, _kedge_v1_WriteReply__Output>
      WriteRequest: MessageTypeDefinition<_kedge_v1_WriteRequest, _kedge_v1_WriteRequest__Output>
      XattrListReply: MessageTypeDefinition<_kedge_v1_XattrListReply, _kedge_v1_XattrListReply__Output>
      XattrReply: MessageTypeDefinition<_kedge_v1_XattrReply, _kedge_v1_XattrReply__Output>
      XattrRequest: MessageTypeDefinition<_kedge_v1_XattrRequest, _kedge_v1_XattrRequest__Output>
    }
  }
}

