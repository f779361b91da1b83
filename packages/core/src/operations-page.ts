import { deadlineMs, operationNames, operations } from "./operations.ts";

/** docs/operations.md, printed from the table of operations. */
export function operationsPage(): string {
  const rows = operationNames.map((name) => {
    const { fuse, syscalls, mutates, changes, retry, deadline, lane } = operations[name];
    const calls = syscalls.length === 0 ? "none" : syscalls.join(", ");
    return `| ${name} | ${fuse.join(", ")} | ${calls} | ${mutates ? "yes" : "no"} | ${changes.join(", ")} | ${retry} | ${deadline} | ${lane} |`;
  });
  return `# Operations

Printed from the table in packages/core/src/operations.ts by \`npm run generate\`; a test fails when the two differ.

Each operation is a method of the FileSystem seam (packages/core/src/file-system.ts, where its contract is) and a message of
that name on the wire (proto/kedge/v1/kedge.proto).

| operation | FUSE opcode | system calls at the server | changes something | whose leases | retry | slow after | lane |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

**Retry**: what happens when an answer was lost. \`free\` changes nothing and is asked again; \`idempotent\` may run twice and is sent
again; \`once\` runs exactly once, as the server keeps the answer under the request's id and a journal of it across its own death;
\`report\` carries news that exists once, and the server keeps the answer until the client has it.
A write through a handle with O_APPEND is \`once\`, whatever its row says.

**Whose leases** are taken back from other clients before it is made: those of the nodes in these fields of the request, and of what
a name leads to. An open counts only where it truncates.

**Slow after**: a call without an answer for this long (${Object.entries(deadlineMs)
    .map(([name, ms]) => `${name} ${ms / 1000} s`)
    .join(", ")}) while the server is connected is named in the log, once. It never fails for that.

**Lane**: \`control\` and \`bulk\` are two connections of a session; \`local\` never leaves the client.
`;
}
