export { type CertificateDescription, describeCertificate } from "./describe-certificate.ts";
export { type InitPkiOptions, initPki, type PkiSummary } from "./init-pki.ts";
export { type IssueClientOptions, type IssuedCertificate, issueClient } from "./issue-client.ts";
export { type IssueServerOptions, issueServer } from "./issue-server.ts";
export { type ClientPki, listClients, loadClientPki, loadServerPki, type ServerPki } from "./load-pki.ts";
