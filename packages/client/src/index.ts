export { type Connection, connect } from "./connect.ts";
export { remote } from "./remote.ts";
export { type ConnectionState, type ConnectOptions, RemoteSession, type SessionStatus } from "./remote-session.ts";
