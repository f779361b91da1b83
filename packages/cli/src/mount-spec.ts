import { checkExportName } from "./export-spec.ts";
import { defaultPort, parseHostPort, parsePort } from "./host-port.ts";
import { UsageError } from "./usage-error.ts";

export interface MountSpec {
  readonly host: string;
  readonly port: number;
  readonly exportName: string;
}

const forms =
  "Write HOST/EXPORT, HOST:PORT/EXPORT or HOST:/EXPORT, for example nas.example.org/docs or [::1]:7440/docs";

/**
 * Reads `HOST[:PORT]/EXPORT`, and `HOST:/EXPORT` as users of NFS type it. `portOption` is the N of `-o port=N`.
 *
 * @throws UsageError saying which part is wrong.
 */
export function parseMountSpec(text: string, portOption?: string): MountSpec {
  const slash = text.indexOf("/");
  if (slash === -1) throw missingExport(text);
  const server = text.slice(0, slash);
  const exportName = text.slice(slash + 1);
  if (server === "" || /^:\d*$/.test(server)) throw new UsageError(`"${text}": the host is missing`, forms);
  if (exportName === "") throw missingExport(text);
  if (exportName.includes("/")) {
    throw new UsageError(
      `"${text}": an export is one name, not a path`,
      "The server gives the name: kedge serve --export NAME=PATH",
    );
  }
  checkExportName(exportName, text);
  const { host, port } = parseHostPort(server, text);
  const fromOption = portOption === undefined ? undefined : parsePort(portOption, `-o port=${portOption}`);
  if (port !== undefined && fromOption !== undefined && port !== fromOption) {
    throw new UsageError(`"${text}" names port ${port}, and -o port=${fromOption} another one`);
  }
  const chosen = port ?? fromOption ?? defaultPort;
  if (chosen === 0) throw new UsageError(`"${text}": port 0 cannot be connected to`);
  return { host, port: chosen, exportName };
}

function missingExport(text: string): UsageError {
  const scpLike = /^([^:[\]]+):([^:\d][^:]*)$/.exec(text);
  if (scpLike)
    return new UsageError(`"${text}": "${scpLike[2]}" is not a port`, `Did you mean ${scpLike[1]}:/${scpLike[2]}?`);
  return new UsageError(`"${text}": the export is missing`, forms);
}
