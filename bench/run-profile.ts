import { messageOf } from "./bench-error.ts";
import { measure } from "./measure.ts";
import { allPeers } from "./peers/all-peers.ts";
import type { Peer, PeerName, Ports, ReadyPeer, Site } from "./peers/peer.ts";
import { startRelay } from "./relay/start-relay.ts";
import { formatSeconds } from "./report/format.ts";
import type { Cell, PeerResult, ProfileResult, WorkloadResult } from "./report/result.ts";
import { describeMachine } from "./system/machine.ts";
import { allWorkloads } from "./workloads/all-workloads.ts";
import { makeInputs } from "./workloads/make-inputs.ts";
import { sizesFor } from "./workloads/sizes.ts";
import type { WorkloadName } from "./workloads/workload.ts";

/** Each way. */
const delayMs = 10;
const timeoutMs = 180_000;
const delayedTimeoutMs = 900_000;

export interface RunProfileOptions {
  readonly site: Site;
  readonly delayed: boolean;
  readonly rounds: number;
  readonly quick: boolean;
  readonly only: readonly WorkloadName[];
  readonly peers: readonly PeerName[];
  readonly usedMounts: boolean;
  /** Gets the result so far after each workload. */
  readonly save: (result: ProfileResult) => void;
}

interface Participant {
  readonly peer: Peer;
  readonly ready: ReadyPeer;
}

/** Runs the workloads at one distance, peers taking turns in every round. */
export async function runProfile(options: RunProfileOptions): Promise<ProfileResult> {
  const { site, delayed, rounds, quick } = options;
  const { workspace, signal } = site;
  const startedAt = new Date().toISOString();
  const machine = describeMachine(workspace.root);
  const sizes = sizesFor(delayed, quick);
  await makeInputs(workspace, sizes, signal);
  const { participants, peers } = await prepare(options);

  const direct: Ports = { ssh: portOf(site.sshd), kedge: portOf(site.kedge) };
  await using relay = delayed ? await startRelay(delayMs, [direct.ssh, direct.kedge]) : undefined;
  const ports = relay === undefined ? direct : { ssh: relay.ports[0] ?? 0, kedge: relay.ports[1] ?? 0 };

  const workloads: WorkloadResult[] = [];
  const result: ProfileResult = {
    delayed,
    ...(relay === undefined ? {} : { roundTripMs: relay.roundTripMs }),
    startedAt,
    rounds,
    quick,
    usedMounts: options.usedMounts && !delayed,
    machine,
    peers,
    workloads,
  };
  for (const workload of allWorkloads.filter(({ name }) => options.only.includes(name))) {
    const { name, title, kind } = workload;
    const cells: Partial<Record<PeerName, Cell>> = {};
    for (let round = 1; round <= rounds; round++) {
      for (const { peer, ready } of participants) {
        const cell = cells[peer.name] ?? { seconds: [], failures: [] };
        cells[peer.name] = cell;
        // It would fail again, perhaps after a long time; a row with a failure has no median.
        if (cell.failures.length > 0) continue;
        await measure(workload, ready, cell, {
          workspace,
          sizes,
          ports,
          usedMounts: result.usedMounts,
          timeoutMs: delayed ? delayedTimeoutMs : timeoutMs,
          signal,
        });
        tell(
          `${delayed ? "20 ms" : "no delay"}, ${title}, round ${round} of ${rounds}, ${peer.title}: ${lastOf(cell)}`,
        );
      }
    }
    workloads.push({ name, title, kind, description: workload.describe(sizes), cells });
    options.save(result);
  }
  return result;
}

async function prepare({
  site,
  peers,
}: RunProfileOptions): Promise<{ participants: Participant[]; peers: PeerResult[] }> {
  const participants: Participant[] = [];
  const results: PeerResult[] = [];
  for (const peer of allPeers.filter(({ name }) => peers.includes(name))) {
    const { name, title, mountedBy } = peer;
    try {
      const ready = await peer.prepare(site);
      participants.push({ peer, ready });
      results.push({ name, title, mountedBy, version: ready.version });
    } catch (error) {
      site.signal.throwIfAborted();
      tell(`${title}: not available: ${messageOf(error)}`);
      results.push({ name, title, mountedBy, unavailable: messageOf(error) });
    }
  }
  return { participants, peers: results };
}

const lastOf = ({ seconds, failures }: Cell): string => failures.at(-1) ?? formatSeconds(seconds.at(-1) ?? 0);

const portOf = (server: { readonly port: number } | Error): number => (server instanceof Error ? 0 : server.port);

const tell = (text: string): void => void process.stderr.write(`bench: ${text}\n`);
