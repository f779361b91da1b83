/**
 * Every bound of KedgeFS by name. A bound that is reached means back-pressure or a refusal with a clear error, never growth.
 */
export const limits = {
  /** Longest name of one component, bytes (NAME_MAX in linux/limits.h). */
  nameBytesMax: 255,
  /** Longest value of an extended attribute, and longest list of the names of one inode, bytes (XATTR_SIZE_MAX, XATTR_LIST_MAX). */
  xattrValueBytesMax: 65_536,
  /** Most of one copyFileRange, bytes: it holds a pool thread for as long as it takes. */
  copyBytesMax: 64 << 20,
  /** Longest target of a symbolic link, bytes (PATH_MAX less the NUL). */
  symlinkBytesMax: 4095,
  /** Longest NodeId, bytes: MAX_HANDLE_SZ of name_to_handle_at(2) and what we put round it. */
  nodeIdBytesMax: 192,
  /** Most data of one read or write, bytes: what the kernel sends at most (256 pages). */
  ioBytesMax: 1 << 20,
  /** Longest file whose content may come with the answer to its open, bytes. */
  openContentBytesMax: 64 << 10,
  /** Most data of one readdir answer, bytes. */
  readdirBytesMax: 1 << 18,
  /** Supplementary groups of one caller (NGROUPS_MAX is 65,536; more than this is cut by no known setup). */
  callerGroupsMax: 65_536,
  /** Largest gRPC message, bytes: one full write and room round it, batched frames included. */
  frameBytesMax: 4 << 20,
  /** Requests of one session that the server works on; past it the server stops reading the session's streams. */
  sessionRequestsInFlightMax: 512,
  /** Data of those requests, read or written, bytes; past it likewise. */
  sessionBytesInFlightMax: 64 << 20,
  /** Replies that a session keeps for a client that has not acknowledged them: twice what a client may wait for. */
  sessionRepliesKeptMax: 32_768,
  /** Requests that a client holds for a server that is away; past it the driver stops reading /dev/fuse. */
  clientRequestsHeldMax: 16_384,
  /** Write data that a client holds in requests, bytes; past it the driver stops reading /dev/fuse. */
  clientWriteBytesHeldMax: 512 << 20,
  /** Handles of one session (EMFILE past it). */
  sessionHandlesMax: 65_536,
  /** Ranges that are locked of one file, by all its owners (ENOLCK past it). */
  fileLockRangesMax: 8_192,
  /** Ranges that one session has locked (ENOLCK past it). */
  sessionLockRangesMax: 32_768,
  /** Calls of one session that wait for locks, beside `sessionRequestsInFlightMax` (ENOLCK past it). */
  sessionLockWaitsMax: 1_024,
  /** Nodes that one session may believe at a time, in each half of a lease; past it answers come without a lease. */
  sessionLeasesMax: 131_072,
  /** Names, and attributes of nodes, that a client believes at a time; past it the oldest go. */
  clientLeasesMax: 65_536,
  /** Sessions of one server; past it the one that was away longest is ended, and if none is away a new one is refused. */
  sessionsMax: 1024,
  /** Names and attributes travel in windows of this size on each stream, bytes (HTTP/2 SETTINGS_INITIAL_WINDOW_SIZE). */
  flowControlWindowBytes: 16 << 20,
} as const;
