// Original file: proto/kedge/v1/kedge.proto

import type { Error as _kedge_v1_Error, Error__Output as _kedge_v1_Error__Output } from '../../kedge/v1/Error.ts';
import type { Entry as _kedge_v1_Entry, Entry__Output as _kedge_v1_Entry__Output } from '../../kedge/v1/Entry.ts';
import type { AttrReply as _kedge_v1_AttrReply, AttrReply__Output as _kedge_v1_AttrReply__Output } from '../../kedge/v1/AttrReply.ts';
import type { ReadlinkReply as _kedge_v1_ReadlinkReply, ReadlinkReply__Output as _kedge_v1_ReadlinkReply__Output } from '../../kedge/v1/ReadlinkReply.ts';
import type { Empty as _kedge_v1_Empty, Empty__Output as _kedge_v1_Empty__Output } from '../../kedge/v1/Empty.ts';
import type { OpenReply as _kedge_v1_OpenReply, OpenReply__Output as _kedge_v1_OpenReply__Output } from '../../kedge/v1/OpenReply.ts';
import type { CreateReply as _kedge_v1_CreateReply, CreateReply__Output as _kedge_v1_CreateReply__Output } from '../../kedge/v1/CreateReply.ts';
import type { ReadReply as _kedge_v1_ReadReply, ReadReply__Output as _kedge_v1_ReadReply__Output } from '../../kedge/v1/ReadReply.ts';
import type { WriteReply as _kedge_v1_WriteReply, WriteReply__Output as _kedge_v1_WriteReply__Output } from '../../kedge/v1/WriteReply.ts';
import type { ReaddirReply as _kedge_v1_ReaddirReply, ReaddirReply__Output as _kedge_v1_ReaddirReply__Output } from '../../kedge/v1/ReaddirReply.ts';
import type { StatFs as _kedge_v1_StatFs, StatFs__Output as _kedge_v1_StatFs__Output } from '../../kedge/v1/StatFs.ts';
import type { Long } from '@grpc/proto-loader';

export interface Reply {
  'id'?: (number | string | Long);
  'error'?: (_kedge_v1_Error | null);
  'leased'?: (boolean);
  'after'?: (_kedge_v1_Entry)[];
  'lookup'?: (_kedge_v1_Entry | null);
  'getattr'?: (_kedge_v1_AttrReply | null);
  'setattr'?: (_kedge_v1_AttrReply | null);
  'readlink'?: (_kedge_v1_ReadlinkReply | null);
  'symlink'?: (_kedge_v1_Entry | null);
  'mknod'?: (_kedge_v1_Entry | null);
  'mkdir'?: (_kedge_v1_Entry | null);
  'unlink'?: (_kedge_v1_Empty | null);
  'rmdir'?: (_kedge_v1_Empty | null);
  'rename'?: (_kedge_v1_Empty | null);
  'link'?: (_kedge_v1_Entry | null);
  'open'?: (_kedge_v1_OpenReply | null);
  'create'?: (_kedge_v1_CreateReply | null);
  'read'?: (_kedge_v1_ReadReply | null);
  'write'?: (_kedge_v1_WriteReply | null);
  'flush'?: (_kedge_v1_Empty | null);
  'release'?: (_kedge_v1_Empty | null);
  'fsync'?: (_kedge_v1_Empty | null);
  'opendir'?: (_kedge_v1_OpenReply | null);
  'readdir'?: (_kedge_v1_ReaddirReply | null);
  'readdirplus'?: (_kedge_v1_ReaddirReply | null);
  'releasedir'?: (_kedge_v1_Empty | null);
  'fsyncdir'?: (_kedge_v1_Empty | null);
  'statfs'?: (_kedge_v1_StatFs | null);
  'access'?: (_kedge_v1_Empty | null);
  'reopen'?: (_kedge_v1_Empty | null);
  'result'?: "lookup"|"getattr"|"setattr"|"readlink"|"symlink"|"mknod"|"mkdir"|"unlink"|"rmdir"|"rename"|"link"|"open"|"create"|"read"|"write"|"flush"|"release"|"fsync"|"opendir"|"readdir"|"readdirplus"|"releasedir"|"fsyncdir"|"statfs"|"access"|"reopen";
}

export interface Reply__Output {
  'id': (Long);
  'error': (_kedge_v1_Error__Output | null);
  'leased': (boolean);
  'after': (_kedge_v1_Entry__Output)[];
  'lookup'?: (_kedge_v1_Entry__Output | null);
  'getattr'?: (_kedge_v1_AttrReply__Output | null);
  'setattr'?: (_kedge_v1_AttrReply__Output | null);
  'readlink'?: (_kedge_v1_ReadlinkReply__Output | null);
  'symlink'?: (_kedge_v1_Entry__Output | null);
  'mknod'?: (_kedge_v1_Entry__Output | null);
  'mkdir'?: (_kedge_v1_Entry__Output | null);
  'unlink'?: (_kedge_v1_Empty__Output | null);
  'rmdir'?: (_kedge_v1_Empty__Output | null);
  'rename'?: (_kedge_v1_Empty__Output | null);
  'link'?: (_kedge_v1_Entry__Output | null);
  'open'?: (_kedge_v1_OpenReply__Output | null);
  'create'?: (_kedge_v1_CreateReply__Output | null);
  'read'?: (_kedge_v1_ReadReply__Output | null);
  'write'?: (_kedge_v1_WriteReply__Output | null);
  'flush'?: (_kedge_v1_Empty__Output | null);
  'release'?: (_kedge_v1_Empty__Output | null);
  'fsync'?: (_kedge_v1_Empty__Output | null);
  'opendir'?: (_kedge_v1_OpenReply__Output | null);
  'readdir'?: (_kedge_v1_ReaddirReply__Output | null);
  'readdirplus'?: (_kedge_v1_ReaddirReply__Output | null);
  'releasedir'?: (_kedge_v1_Empty__Output | null);
  'fsyncdir'?: (_kedge_v1_Empty__Output | null);
  'statfs'?: (_kedge_v1_StatFs__Output | null);
  'access'?: (_kedge_v1_Empty__Output | null);
  'reopen'?: (_kedge_v1_Empty__Output | null);
  'result'?: "lookup"|"getattr"|"setattr"|"readlink"|"symlink"|"mknod"|"mkdir"|"unlink"|"rmdir"|"rename"|"link"|"open"|"create"|"read"|"write"|"flush"|"release"|"fsync"|"opendir"|"readdir"|"readdirplus"|"releasedir"|"fsyncdir"|"statfs"|"access"|"reopen";
}
