// Original file: proto/kedge/v1/kedge.proto

import type { Caller as _kedge_v1_Caller, Caller__Output as _kedge_v1_Caller__Output } from '../../kedge/v1/Caller.ts';
import type { NameRequest as _kedge_v1_NameRequest, NameRequest__Output as _kedge_v1_NameRequest__Output } from '../../kedge/v1/NameRequest.ts';
import type { GetattrRequest as _kedge_v1_GetattrRequest, GetattrRequest__Output as _kedge_v1_GetattrRequest__Output } from '../../kedge/v1/GetattrRequest.ts';
import type { SetattrRequest as _kedge_v1_SetattrRequest, SetattrRequest__Output as _kedge_v1_SetattrRequest__Output } from '../../kedge/v1/SetattrRequest.ts';
import type { NodeRequest as _kedge_v1_NodeRequest, NodeRequest__Output as _kedge_v1_NodeRequest__Output } from '../../kedge/v1/NodeRequest.ts';
import type { SymlinkRequest as _kedge_v1_SymlinkRequest, SymlinkRequest__Output as _kedge_v1_SymlinkRequest__Output } from '../../kedge/v1/SymlinkRequest.ts';
import type { MknodRequest as _kedge_v1_MknodRequest, MknodRequest__Output as _kedge_v1_MknodRequest__Output } from '../../kedge/v1/MknodRequest.ts';
import type { MkdirRequest as _kedge_v1_MkdirRequest, MkdirRequest__Output as _kedge_v1_MkdirRequest__Output } from '../../kedge/v1/MkdirRequest.ts';
import type { RenameRequest as _kedge_v1_RenameRequest, RenameRequest__Output as _kedge_v1_RenameRequest__Output } from '../../kedge/v1/RenameRequest.ts';
import type { LinkRequest as _kedge_v1_LinkRequest, LinkRequest__Output as _kedge_v1_LinkRequest__Output } from '../../kedge/v1/LinkRequest.ts';
import type { OpenRequest as _kedge_v1_OpenRequest, OpenRequest__Output as _kedge_v1_OpenRequest__Output } from '../../kedge/v1/OpenRequest.ts';
import type { CreateRequest as _kedge_v1_CreateRequest, CreateRequest__Output as _kedge_v1_CreateRequest__Output } from '../../kedge/v1/CreateRequest.ts';
import type { ReadRequest as _kedge_v1_ReadRequest, ReadRequest__Output as _kedge_v1_ReadRequest__Output } from '../../kedge/v1/ReadRequest.ts';
import type { WriteRequest as _kedge_v1_WriteRequest, WriteRequest__Output as _kedge_v1_WriteRequest__Output } from '../../kedge/v1/WriteRequest.ts';
import type { HandleRequest as _kedge_v1_HandleRequest, HandleRequest__Output as _kedge_v1_HandleRequest__Output } from '../../kedge/v1/HandleRequest.ts';
import type { FsyncRequest as _kedge_v1_FsyncRequest, FsyncRequest__Output as _kedge_v1_FsyncRequest__Output } from '../../kedge/v1/FsyncRequest.ts';
import type { AccessRequest as _kedge_v1_AccessRequest, AccessRequest__Output as _kedge_v1_AccessRequest__Output } from '../../kedge/v1/AccessRequest.ts';
import type { ReopenRequest as _kedge_v1_ReopenRequest, ReopenRequest__Output as _kedge_v1_ReopenRequest__Output } from '../../kedge/v1/ReopenRequest.ts';
import type { Long } from '@grpc/proto-loader';

export interface Request {
  'id'?: (number | string | Long);
  'caller'?: (_kedge_v1_Caller | null);
  'lookup'?: (_kedge_v1_NameRequest | null);
  'getattr'?: (_kedge_v1_GetattrRequest | null);
  'setattr'?: (_kedge_v1_SetattrRequest | null);
  'readlink'?: (_kedge_v1_NodeRequest | null);
  'symlink'?: (_kedge_v1_SymlinkRequest | null);
  'mknod'?: (_kedge_v1_MknodRequest | null);
  'mkdir'?: (_kedge_v1_MkdirRequest | null);
  'unlink'?: (_kedge_v1_NameRequest | null);
  'rmdir'?: (_kedge_v1_NameRequest | null);
  'rename'?: (_kedge_v1_RenameRequest | null);
  'link'?: (_kedge_v1_LinkRequest | null);
  'open'?: (_kedge_v1_OpenRequest | null);
  'create'?: (_kedge_v1_CreateRequest | null);
  'read'?: (_kedge_v1_ReadRequest | null);
  'write'?: (_kedge_v1_WriteRequest | null);
  'flush'?: (_kedge_v1_HandleRequest | null);
  'release'?: (_kedge_v1_HandleRequest | null);
  'fsync'?: (_kedge_v1_FsyncRequest | null);
  'opendir'?: (_kedge_v1_OpenRequest | null);
  'readdir'?: (_kedge_v1_ReadRequest | null);
  'readdirplus'?: (_kedge_v1_ReadRequest | null);
  'releasedir'?: (_kedge_v1_HandleRequest | null);
  'fsyncdir'?: (_kedge_v1_FsyncRequest | null);
  'statfs'?: (_kedge_v1_NodeRequest | null);
  'access'?: (_kedge_v1_AccessRequest | null);
  'reopen'?: (_kedge_v1_ReopenRequest | null);
  'operation'?: "lookup"|"getattr"|"setattr"|"readlink"|"symlink"|"mknod"|"mkdir"|"unlink"|"rmdir"|"rename"|"link"|"open"|"create"|"read"|"write"|"flush"|"release"|"fsync"|"opendir"|"readdir"|"readdirplus"|"releasedir"|"fsyncdir"|"statfs"|"access"|"reopen";
}

export interface Request__Output {
  'id': (Long);
  'caller': (_kedge_v1_Caller__Output | null);
  'lookup'?: (_kedge_v1_NameRequest__Output | null);
  'getattr'?: (_kedge_v1_GetattrRequest__Output | null);
  'setattr'?: (_kedge_v1_SetattrRequest__Output | null);
  'readlink'?: (_kedge_v1_NodeRequest__Output | null);
  'symlink'?: (_kedge_v1_SymlinkRequest__Output | null);
  'mknod'?: (_kedge_v1_MknodRequest__Output | null);
  'mkdir'?: (_kedge_v1_MkdirRequest__Output | null);
  'unlink'?: (_kedge_v1_NameRequest__Output | null);
  'rmdir'?: (_kedge_v1_NameRequest__Output | null);
  'rename'?: (_kedge_v1_RenameRequest__Output | null);
  'link'?: (_kedge_v1_LinkRequest__Output | null);
  'open'?: (_kedge_v1_OpenRequest__Output | null);
  'create'?: (_kedge_v1_CreateRequest__Output | null);
  'read'?: (_kedge_v1_ReadRequest__Output | null);
  'write'?: (_kedge_v1_WriteRequest__Output | null);
  'flush'?: (_kedge_v1_HandleRequest__Output | null);
  'release'?: (_kedge_v1_HandleRequest__Output | null);
  'fsync'?: (_kedge_v1_FsyncRequest__Output | null);
  'opendir'?: (_kedge_v1_OpenRequest__Output | null);
  'readdir'?: (_kedge_v1_ReadRequest__Output | null);
  'readdirplus'?: (_kedge_v1_ReadRequest__Output | null);
  'releasedir'?: (_kedge_v1_HandleRequest__Output | null);
  'fsyncdir'?: (_kedge_v1_FsyncRequest__Output | null);
  'statfs'?: (_kedge_v1_NodeRequest__Output | null);
  'access'?: (_kedge_v1_AccessRequest__Output | null);
  'reopen'?: (_kedge_v1_ReopenRequest__Output | null);
  'operation'?: "lookup"|"getattr"|"setattr"|"readlink"|"symlink"|"mknod"|"mkdir"|"unlink"|"rmdir"|"rename"|"link"|"open"|"create"|"read"|"write"|"flush"|"release"|"fsync"|"opendir"|"readdir"|"readdirplus"|"releasedir"|"fsyncdir"|"statfs"|"access"|"reopen";
}
