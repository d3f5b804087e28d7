/** Objects of the JSON output, one a line. docs/json.md describes every field; a test compares. */
import type {
  Attached,
  Extras,
  Hello,
  ModulesLoaded,
  ProbedFunction,
  ProgramsLoaded,
  SkippedFunctions,
} from '../../../common/protocol.ts';
import type { AskedOfTarget, Capture, CaptureEnd, TracePause } from '../../recording/capture.ts';
import { pausedMilliseconds } from '../../recording/pauses.ts';
import type { StoryTotals } from '../../recording/story-totals.ts';
import { wallClockOf } from '../../recording/target-clock.ts';
import type { EventIndex, KernelPlace } from '../../recording/types.ts';
import type { Losses } from '../../recording/wording.ts';
import type { CaptureFilter } from '../../recording/filters.ts';
import { PacketTraceError } from '../../base/errors.ts';
import { printableJson } from '../../base/printable.ts';
import type { MatchReport } from '../../filter/capture-file/match.ts';
import type { CleanReport } from '../../target/clean.ts';
import type { Target } from '../../target/connection.ts';
import type { TargetCheck } from '../../tracing/with-agent.ts';
import { extraFields } from './extras-format.ts';
import type { SourceLine } from './place-sources.ts';

/** Raised when a field changes its meaning or goes away; new fields may appear at any time. */
export const JSON_SCHEMA_VERSION = 2;

/** An object as a line, which may be shown on a terminal; unknown values are null, never left out. */
export function jsonLine(object: object): string {
  return `${printableJson(JSON.stringify(object))}\n`;
}

export function targetObject(
  target: Pick<Target, 'label' | 'facts'>,
  hello: Hello | undefined,
  version: string,
): object {
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
    functions: attached.functions.filter(({ program }) => program === undefined).length,
    programs: programObjects(attached.functions),
    lifeCycleFunctions: attached.lifeCycleFunctions,
    skipped: skippedObjects(attached.skipped),
    ownConnections: attached.ownConnections,
    otherConnections: attached.otherConnections,
    dropReasons: attached.dropReasons.length,
    milliseconds: { ...attached.milliseconds, total: Math.round(total) },
  };
}

/** Modules that came while tracing. */
export function modulesObject(modules: ModulesLoaded): object {
  return {
    type: 'modules',
    names: modules.names,
    functions: modules.functions.length,
    lifeCycleFunctions: modules.lifeCycleFunctions,
    skipped: skippedObjects(modules.skipped),
  };
}

/** BPF programs that came while tracing. */
export function programsObject({ functions, skipped }: ProgramsLoaded): object {
  return {
    type: 'programs',
    programs: programObjects(functions),
    skipped: skippedObjects(skipped),
  };
}

function programObjects(functions: readonly ProbedFunction[]): object[] {
  return functions.flatMap(({ name, program }) => (program === undefined ? [] : [{ name, ...program }]));
}

function skippedObjects(skipped: readonly SkippedFunctions[]): object[] {
  return skipped.map(({ reason, names }) => ({ reason, count: names.length, names }));
}

/** A filter that is in force from now on. */
export function filterObject(
  { generation, filter, tunnelFilterL2, tunnelFilterL3, since, ...conditions }: CaptureFilter,
  hello: Hello | undefined,
): object {
  const wallClock = since === undefined || hello === undefined ? null : wallClockOf(since, hello);
  const { netns = '', ifname = '', mark = '', skbExpression = '', xdpExpression = '' } = conditions;
  return {
    type: 'filter',
    generation,
    filter,
    tunnelFilterL2,
    tunnelFilterL3,
    netns,
    ifname,
    mark,
    skbExpression,
    xdpExpression,
    wallClock,
  };
}

/** A command that could not be obeyed; the filter is the one that it was. */
export function refusedObject(command: string, error: PacketTraceError): object {
  return { type: 'refused', command, ...describeError(error) };
}

export function cleanObject({ label, removed, probes, kept, running }: CleanReport): object {
  return { type: 'clean', schema: JSON_SCHEMA_VERSION, target: label, removed, probes, kept, running };
}

export function eventObject(
  { store, trajectories }: Pick<Capture, 'store' | 'trajectories'>,
  event: EventIndex,
  wanted: Extras & Pick<AskedOfTarget, 'netnsNames'> = {},
): object {
  const probed = store.function(event);
  const trajectory = store.trajectory(event);
  return {
    type: 'event',
    event,
    trajectory,
    parent: trajectories.parent(trajectory) ?? null,
    kind: store.kind(event),
    edge: store.edge(event) ?? null,
    time: store.time(event),
    wallClock: store.wallClock(event),
    skb: store.skb(event),
    cpu: store.cpu(event),
    pid: store.pid(event),
    comm: store.comm(event),
    function: store.functionName(event),
    module: probed?.module ?? null,
    program: store.program(event) ?? null,
    verdict: store.verdict(event) ?? null,
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
    ...extraFields(store, event, wanted),
    ...(wanted.netnsNames === true && { netnsName: store.netnsName(event) ?? null }),
  };
}

/** Where in the source a place is that events tell of; once, before the first of them. */
export function placeObject({ name, module, offset }: KernelPlace, source: SourceLine | undefined): object {
  return {
    type: 'place',
    function: name,
    module,
    offset: offset === 0 ? null : offset,
    source: source ?? null,
  };
}

/** Events that were forgotten before they were printed. */
export function skippedObject(first: EventIndex, end: EventIndex): object {
  return { type: 'skipped', event: first, events: end - first };
}

export function lostObject({ lost, missed, untracked }: Losses): object {
  return { type: 'lost', lost, missed, untracked };
}

/** A pause that begins, and once more when it is over. */
export function pausedObject({ why, from, to }: TracePause, hello: Hello | undefined): object {
  const clock = (time: bigint | undefined) =>
    time === undefined || hello === undefined ? null : wallClockOf(time, hello);
  return { type: 'paused', why, from: clock(from), to: clock(to) };
}

export function endObject(
  end: CaptureEnd,
  { packets, trajectories, outcomes, reasons }: StoryTotals,
  pauses: readonly TracePause[],
  skipped: number,
): object {
  return {
    type: 'end',
    why: end.why,
    events: end.events,
    bytes: end.bytes,
    lost: end.lost,
    missed: end.missed,
    untracked: end.untracked,
    incomplete: end.incomplete ?? null,
    skipped,
    trajectories,
    packets,
    ...outcomes,
    dropReasons: Object.fromEntries(reasons),
    milliseconds: { detach: end.agent?.milliseconds.detach ?? null, paused: pausedMilliseconds(pauses) },
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
