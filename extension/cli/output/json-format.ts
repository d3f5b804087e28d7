/** Objects of the JSON output, one a line. docs/json.md describes every field; a test compares. */
import type { Attached, Hello } from '../../../common/protocol.ts';
import type { CaptureEnd, EventStore } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';
import type { CaptureFilter } from '../../recording/filters.ts';
import { PacketTraceError } from '../../base/errors.ts';
import type { MatchReport } from '../../filter/capture-file/match.ts';
import type { Target } from '../../target/connection.ts';
import type { TargetCheck } from '../../tracing/with-agent.ts';
import type { SourceLine } from './place-sources.ts';
import type { Totals } from './totals.ts';

/** Raised when a field changes its meaning or goes away; new fields may appear at any time. */
export const JSON_SCHEMA_VERSION = 1;

/** An object as a line; unknown values are null, never left out. */
export function jsonLine(object: object): string {
  return `${JSON.stringify(object)}\n`;
}

export function targetObject(target: Target, hello: Hello | undefined, version: string): object {
  const { facts } = target;
  return {
    type: 'target',
    schema: JSON_SCHEMA_VERSION,
    version,
    target: target.label,
    hostname: hello?.hostname ?? null,
    os: facts.os,
    machine: facts.machine,
    kernel: facts.kernelRelease,
    cpus: hello?.cpus ?? null,
    user: facts.user,
    privilege: facts.privilege,
    node: facts.node,
    uploadedBytes: facts.uploadedBytes,
  };
}

/** @param total milliseconds from the start of the command until the probes were armed */
export function attachedObject(attached: Attached, total: number): object {
  return {
    type: 'attached',
    backend: attached.backend,
    functions: attached.functions.length,
    skipped: attached.skipped.map(({ reason, names }) => ({ reason, count: names.length, names })),
    ownConnection: attached.ownConnection ?? null,
    dropReasons: attached.dropReasons.length,
    milliseconds: { ...attached.milliseconds, total: Math.round(total) },
  };
}

/** A filter that is in force from now on. */
export function filterObject(
  { generation, filter, tunnelFilterL2, tunnelFilterL3, since }: CaptureFilter,
  hello: Hello | undefined,
): object {
  const offset = hello && BigInt(hello.realtimeOffset);
  const wallClock =
    since === undefined || offset === undefined ? null : Number((since + offset) / 1000n) / 1000;
  return { type: 'filter', generation, filter, tunnelFilterL2, tunnelFilterL3, wallClock };
}

/** A command that could not be obeyed; the filter is the one that it was. */
export function refusedObject(command: string, error: PacketTraceError): object {
  return { type: 'refused', command, ...describeError(error) };
}

export function eventObject(store: EventStore, event: EventIndex): object {
  const probed = store.function(event);
  return {
    type: 'event',
    event,
    trajectory: store.trajectory(event),
    kind: store.kind(event),
    time: store.time(event),
    wallClock: store.wallClock(event),
    skb: store.skb(event),
    cpu: store.cpu(event),
    pid: store.pid(event),
    comm: store.comm(event),
    function: store.functionName(event),
    module: probed?.module ?? null,
    offset: store.dropOffset(event) ?? null,
    reason: store.dropReason(event) ?? null,
    netns: store.netns(event),
    mark: store.mark(event),
    ifindex: store.ifindex(event),
    device: store.device(event) ?? null,
    protocol: store.protocol(event),
    mtu: store.mtu(event),
    length: store.packetLength(event),
    tuple: store.tupleParts(event) ?? null,
    lostBefore: store.lostBefore(event),
    filter: store.generation(event),
  };
}

/** Where an event happened in the source; for every place once, before its first event. */
export function placeObject(store: EventStore, event: EventIndex, source: SourceLine | undefined): object {
  return {
    type: 'place',
    function: store.functionName(event),
    module: store.function(event)?.module ?? null,
    offset: store.dropOffset(event) ?? null,
    source: source ?? null,
  };
}

export function lostObject(lost: number): object {
  return { type: 'lost', lost };
}

export function endObject(end: CaptureEnd, totals: Totals): object {
  return {
    type: 'end',
    why: end.why,
    events: end.events,
    lost: end.lost,
    missed: end.agent?.missed ?? null,
    trajectories: totals.trajectories,
    dropped: totals.dropped,
    freed: totals.freed,
    alive: totals.alive,
    dropReasons: Object.fromEntries(totals.reasons),
    milliseconds: { detach: end.agent?.milliseconds.detach ?? null },
  };
}

/** What `packet-trace check --json` prints. */
export function checkObject({ label, facts, report }: TargetCheck): object {
  return {
    type: 'check',
    schema: JSON_SCHEMA_VERSION,
    target: label,
    traceable: report.items.every(({ status }) => status !== 'missing'),
    os: facts.os,
    machine: facts.machine,
    kernel: facts.kernelRelease,
    user: facts.user,
    privilege: facts.privilege,
    node: facts.node,
    uploadedBytes: facts.uploadedBytes,
    items: report.items,
  };
}

/** What `packet-trace filter match` says of a filter. */
export function matchObject(filter: string, result: MatchReport | PacketTraceError): object {
  const { packets, matches, warnings } =
    result instanceof PacketTraceError ? { packets: null, matches: null, warnings: [] } : result;
  const error = result instanceof PacketTraceError ? describeError(result) : null;
  return { type: 'match', schema: JSON_SCHEMA_VERSION, filter, packets, matches, warnings, error };
}

export function errorObject(error: PacketTraceError): object {
  return { type: 'error', ...describeError(error) };
}

function describeError({ code, message, remedy }: PacketTraceError) {
  return { code, message, remedy };
}
