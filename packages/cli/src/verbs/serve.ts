import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Logger, type LogLevel, UserError } from "@kedgefs/core";
import type { ServerPki } from "@kedgefs/pki";
import type { Command } from "commander";
import { collect } from "../collect.ts";
import { type AllowSpec, checkExports, type ExportSpec, parseAllowSpec, parseExportSpec } from "../export-spec.ts";
import { defaultPort, formatHostPort } from "../host-port.ts";
import { anyHost, type ListenSpec, parseListenSpec } from "../listen-spec.ts";
import { logLevelOption } from "../log-level-option.ts";
import { reportBugs } from "../report-bugs.ts";
import { createStopSignal } from "../stop-signal.ts";
import { createStderrLogger } from "../text-logger.ts";

interface ServeOptions {
  readonly pki: string;
  readonly export: readonly string[];
  readonly allow?: readonly string[];
  readonly listen?: string;
  readonly state?: string;
  readonly lease?: number;
  readonly lockLease?: number;
  readonly logLevel: LogLevel;
}

const examples = `
Export options, after the path and a comma (a comma in the path is written \\,):
  ro             nothing can be changed
  squash=root    root of a client counts as nobody
  squash=all     everyone counts as nobody
  squash=none    everyone is who the client says, root too (the default)

Signals: SIGTERM and SIGINT end it in an orderly way, a second one at once; SIGHUP reads the certificates anew.

Examples:
  kedge serve --pki /etc/kedge/pki --export docs=/srv/docs
  kedge serve --pki ./certs --export docs=/srv/docs,ro --export home=/home,squash=root --listen 127.0.0.1:7440
  kedge serve --pki ./certs --export docs=/srv/docs --allow alice=docs --allow bob=docs,ro
`;

export function addServeVerb(program: Command): void {
  program
    .command("serve")
    .summary("serve directories to clients")
    .description(
      "Serves directories to clients with a certificate of the CA in DIR, stays in the foreground, and prints one line when\n" +
        "it is ready. Without --allow every such client may use every export; with it, only those named may.",
    )
    .requiredOption("--pki <dir>", "folder with ca.crt, server.crt and server.key (see kedge pki init)")
    .requiredOption(
      "--export <name=path[,options]>",
      "a directory and the name clients mount it by; repeatable",
      collect,
    )
    .option("--allow <identity=export[,ro]>", "a client that may use an export; repeatable", collect)
    .option(
      "--listen <host:port>",
      `where to listen; HOST, :PORT and [v6]:PORT too (default: every address, port ${defaultPort})`,
    )
    .option(
      "--state <dir>",
      "where sessions are kept across restarts (default: /var/lib/kedge/PORT, or ~/.local/state/kedge/PORT)",
    )
    .option(
      "--lease <seconds>",
      "how long clients may believe names and attributes that are not taken back; 0: not at all (default: 2)",
      parseLeaseSeconds,
    )
    .option(
      "--lock-lease <seconds>",
      "how long the locks of a client outlive its absence, before others can have them (default: 30)",
      parseLockLeaseSeconds,
    )
    .addOption(logLevelOption())
    .addHelpText("after", examples)
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const exports = options.export.map(parseExportSpec);
  const allow = (options.allow ?? []).map(parseAllowSpec);
  checkExports(exports, allow);
  const listen =
    options.listen === undefined ? { host: anyHost(), port: defaultPort } : parseListenSpec(options.listen);
  await runServer(options, exports, allow, listen, createStderrLogger(options.logLevel));
}

async function runServer(
  options: ServeOptions,
  exports: readonly ExportSpec[],
  allow: readonly AllowSpec[],
  listen: ListenSpec,
  logger: Logger,
): Promise<void> {
  const { loadServerPki } = await import("@kedgefs/pki");
  const { startServer } = await import("@kedgefs/server");
  const tls = loadServerPki(options.pki);
  warnAboutPki(tls, logger);
  let reload: () => void = () => {};
  const stop = createStopSignal(() => reload());
  reportBugs(logger, stop);
  const server = await startServer({
    tls,
    exports: [...exports],
    allow: [...allow],
    listen,
    stateDir: resolve(options.state ?? defaultStateDirectory(listen.port)),
    leaseMs: options.lease === undefined ? undefined : options.lease * 1000,
    lockLeaseMs: options.lockLease === undefined ? undefined : options.lockLease * 1000,
    logger,
  });
  reload = () => {
    try {
      const renewed = loadServerPki(options.pki);
      server.reloadTls(renewed);
      warnAboutPki(renewed, logger);
      logger.info("certificates read anew", { expires: renewed.expires.toISOString() });
    } catch (error) {
      // A half-copied certificate must not end the service for those who are connected.
      logger.error("the certificates could not be read; the former ones stay in use", { reason: describe(error) });
    }
  };
  for (const note of server.notes) logger.info(note);
  const list = exports
    .map(({ name, path, readOnly }) => `${name} (${path}${readOnly ? ", read-only" : ""})`)
    .join(", ");
  process.stdout.write(`kedge: serving ${list} on ${formatHostPort(server.host, server.port)}\n`);
  logger.info("stopping", { reason: await stop.requested });
  await server.stop();
}

const leaseSecondsMax = 60;

function parseLeaseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0 && seconds <= leaseSecondsMax) return seconds;
  throw new UserError(
    `${text} is no time for --lease`,
    `give seconds from 0 (no leases) to ${leaseSecondsMax}, for example --lease 2`,
  );
}

const lockLeaseSecondsMax = 3600;

function parseLockLeaseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 1 && seconds <= lockLeaseSecondsMax) return seconds;
  throw new UserError(
    `${text} is no time for --lock-lease`,
    `give seconds from 1 to ${lockLeaseSecondsMax}, for example --lock-lease 30`,
  );
}

function warnAboutPki({ warnings }: ServerPki, logger: Logger): void {
  for (const warning of warnings) logger.warn(warning);
}

/** Sessions belong to one address of one machine, so servers on different ports have different folders. */
function defaultStateDirectory(port: number): string {
  if (process.getuid?.() === 0) return join("/var/lib/kedge", String(port));
  const xdg = process.env.XDG_STATE_HOME;
  const base = xdg?.startsWith("/") ? xdg : join(homedir(), ".local", "state");
  return join(base, "kedge", String(port));
}

function describe(error: unknown): string {
  if (error instanceof UserError && error.hint !== undefined) return `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}
