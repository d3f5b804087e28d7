/** What the trajectory tree shows, as plain data: labels, descriptions, icons and tooltips. */
import { printable } from '../../base/printable.ts';
import { formatCount, formatNumber } from '../../base/numbers.ts';
import type { Capture, EventStore, TracePause, TrajectoryEnd } from '../../recording/capture.ts';
import { pauseLabel } from '../../recording/pauses.ts';
import type { EventIndex, TrajectoryId } from '../../recording/types.ts';
import { placeText, stepName } from '../../recording/wording.ts';
import { changesBetween } from './changes.ts';
import { beginningOf, copyLabel, describingEvent, packetName, storyLabel } from './packet-label.ts';
import { membersOf } from './stories.ts';

export interface Row {
  label: string;
  description: string;
  /** Codicon, and the theme colour it has. */
  icon: { id: string; color: string | undefined };
  /** What a screen reader says: all that label, description and icon show. */
  spoken: string;
}

interface EndLook {
  icon: string;
  color: string | undefined;
  text: string;
}

const ENDS: Record<TrajectoryEnd, EndLook> = {
  dropped: { icon: 'error', color: 'list.errorForeground', text: 'dropped' },
  delivered: { icon: 'pass', color: 'testing.iconPassed', text: 'delivered' },
  transmitted: { icon: 'export', color: 'testing.iconPassed', text: 'transmitted' },
  consumed: { icon: 'check', color: undefined, text: 'consumed' },
  merged: { icon: 'git-merge', color: undefined, text: 'merged into another packet' },
  alive: { icon: 'circle-outline', color: undefined, text: 'still alive' },
  unknown: { icon: 'question', color: undefined, text: 'not followed to its end' },
};

/** Whole numbers below a thousand, else three digits: `0 ns`, `15.2 µs`, `1.04 ms`, `12.0 s`. */
export function formatDuration(nanoseconds: number): string {
  const sign = nanoseconds < 0 ? '−' : '';
  const size = Math.abs(nanoseconds);
  if (size < 1000) return `${sign}${size} ns`;
  const [value, unit] =
    size < 999_500 ? [size / 1e3, 'µs'] : size < 999_500_000 ? [size / 1e6, 'ms'] : [size / 1e9, 's'];
  return `${sign}${value < 1000 ? value.toPrecision(3) : value.toFixed(0)} ${unit}`;
}

/**
 * A packet with all its copies, as one: who sends what to whom in the label, what became of it first in the
 * description, because a side bar is narrow.
 */
export function storyRow(capture: Capture, root: TrajectoryId): Row {
  const { trajectories } = capture;
  const { functions, duration } = storyExtent(capture, root);
  const outcome = endOf(trajectories.outcome(root), trajectories.outcomeReason(root));
  return endRow(storyLabel(capture, root), outcome, functions, duration);
}

/** A copy, below the packet that it is a copy of. */
export function copyRow(capture: Capture, id: TrajectoryId): Row {
  const { trajectories } = capture;
  const end = endOf(trajectories.end(id), trajectories.dropReason(id));
  return endRow(copyLabel(capture, id), end, trajectories.functionCount(id), trajectories.duration(id));
}

function endRow(label: string, end: EndLook, functions: number, duration: number): Row {
  const facts = [end.text, formatCount(functions, 'function'), formatDuration(duration)];
  return {
    label,
    description: facts.join(' · '),
    icon: { id: end.icon, color: end.color },
    spoken: [label, ...facts].join(', '),
  };
}

/** With the reason of a drop. */
function endOf(end: TrajectoryEnd, reason: string | undefined): EndLook {
  const look = ENDS[end];
  if (end !== 'dropped' || reason === undefined) return look;
  return { ...look, text: `${look.text}: ${printable(reason)}` };
}

/** Of a packet and all its copies: functions passed, and nanoseconds from the first event to the last. */
function storyExtent({ store, trajectories }: Capture, root: TrajectoryId) {
  let copies = -1;
  let functions = 0;
  let first = Infinity;
  let last = -Infinity;
  for (const id of membersOf(trajectories, root)) {
    const events = trajectories.eventCount(id);
    copies++;
    functions += trajectories.functionCount(id);
    if (events === 0) continue;
    first = Math.min(first, store.time(trajectories.event(id, 0)));
    last = Math.max(last, store.time(trajectories.event(id, events - 1)));
  }
  return { copies, functions, duration: Math.max(0, last - first) };
}

/** Between the packets from before it and those from after it. */
export function pauseRow(pause: TracePause): Row {
  const { label, why } = pauseLabel(pause);
  return {
    label,
    description: why,
    icon: { id: 'debug-pause', color: 'list.warningForeground' },
    spoken: `${label}, ${why}`,
  };
}

/** One step: the function with what it changed and the time since the first step, or the drop with its reason. */
export function stepRow({ store, trajectories }: Capture, id: TrajectoryId, nth: number): Row {
  const event = trajectories.event(id, nth);
  const isDrop = store.kind(event) === 'drop';
  const label = printable(
    isDrop
      ? `dropped: ${store.dropReason(event) ?? 'no reason given'} at ${placeText(store, event)}`
      : stepName(store, event),
  );
  const changes = nth === 0 ? [] : changesBetween(store, trajectories.event(id, nth - 1), event);
  const edge = store.edge(event);
  const offset = store.time(event) - store.time(trajectories.event(id, 0));
  const module = store.function(event)?.module ?? '';
  const lost = store.lostBefore(event);
  const facts = [
    ...(edge === undefined ? [] : [EDGES[edge]]),
    ...(changes.length === 0 ? [] : [`changed here: ${changes.join(', ')}`]),
    `+${formatDuration(offset)}`,
    `CPU ${store.cpu(event)}`,
    ...(module === '' ? [] : [printable(module)]),
    ...(lost === 0 ? [] : [`${formatNumber(lost)} lost before`]),
  ];
  const icon = isDrop
    ? { id: ENDS.dropped.icon, color: ENDS.dropped.color }
    : { id: 'symbol-function', color: 'symbolIcon.functionForeground' };
  return { label, description: facts.join(' · '), icon, spoken: [label, ...facts].join(', ') };
}

const EDGES = { copy: 'copied here', merge: 'merged into another packet here' } as const;

/** All facts of a packet with its copies, or of a copy, as Markdown. */
export function trajectoryTooltip(capture: Capture, id: TrajectoryId): string {
  const { store, trajectories } = capture;
  const first = beginningOf(capture, id);
  const described = describingEvent(capture, id);
  const own = endOf(trajectories.end(id), trajectories.dropReason(id)).text;
  const { copies, functions, duration } = storyExtent(capture, id);
  const isStory = trajectories.root(id) === id;
  const outcome = isStory ? endOf(trajectories.outcome(id), trajectories.outcomeReason(id)).text : own;
  return table([
    ['Packet', packetName(store, described)],
    [isStory ? 'Process' : 'Running process', `${store.comm(first)} (${store.pid(first)})`],
    ['End', outcome],
    ...(outcome === own ? [] : [['Of the original', own] as const]),
    ...(copies === 0 ? [] : [['Copies', formatNumber(copies)] as const]),
    [copies === 0 ? 'Functions' : 'Functions, with copies', formatNumber(functions)],
    ['Duration', formatDuration(duration)],
    ['First seen', `${new Date(store.wallClock(first)).toISOString()} (target's clock)`],
    ['Length', `${store.packetLength(described)} bytes`],
    ...place(capture, first),
  ]);
}

/** All facts of a step as Markdown. @param line where in the source it is, if that is known */
export function stepTooltip(capture: Capture, id: TrajectoryId, nth: number, line?: string): string {
  const { store } = capture;
  const event = capture.trajectories.event(id, nth);
  const probed = store.function(event);
  const lost = store.lostBefore(event);
  const changes = nth === 0 ? [] : changesBetween(store, capture.trajectories.event(id, nth - 1), event);
  const edge = store.edge(event);
  return table([
    ['Function', placeText(store, event)],
    ...(line === undefined ? [] : [['Source', line] as const]),
    ...(probed === undefined || probed.module === '' ? [] : [['Module', probed.module] as const]),
    ...(store.kind(event) === 'drop'
      ? [['Dropped', store.dropReason(event) ?? 'the kernel gives no reason'] as const]
      : []),
    ...programFacts(store, event),
    ...(edge === undefined ? [] : [['Packet was', EDGES[edge]] as const]),
    ...changes.map((change) => ['Changed here', change] as const),
    ['Packet', packetName(store, event)],
    ['Running process', `${store.comm(event)} (${store.pid(event)})`],
    ['CPU', `${store.cpu(event)}`],
    ['Length', `${store.packetLength(event)} bytes`],
    ...place(capture, event),
    ...(lost > 0 ? [['Lost before', `${lost} events on this CPU`] as const] : []),
  ]);
}

/** Of a step in a BPF program. */
function programFacts(store: EventStore, event: EventIndex): (readonly [string, string])[] {
  const program = store.program(event);
  if (program === undefined) return [];
  const verdict = store.verdict(event);
  return [
    ['BPF program', `${program.id}, of ${program.kind}`],
    [verdict === undefined ? 'Step' : 'Returned', verdict ?? 'it was called'],
  ];
}

function place({ store }: Capture, event: EventIndex): (readonly [string, string])[] {
  const ifindex = store.ifindex(event);
  const device = ifindex === 0 ? 'none' : `${store.device(event) ?? 'unnamed'} (${ifindex})`;
  return [
    ['Device', device],
    ['MTU', `${store.mtu(event)}`],
    ['Network namespace', `${store.netns(event)}`],
    ['Mark', `0x${store.mark(event).toString(16)}`],
    ['skb', store.skb(event)],
  ];
}

function table(rows: readonly (readonly [name: string, value: string])[]): string {
  return [
    '| | |',
    '|:--|:--|',
    ...rows.map(([name, value]) => `| ${name} | ${inTable(markdownCode(value))} |`),
  ].join('\n');
}

/** A process may name itself anything: as code, printable, with what would end the code taken out. */
export function markdownCode(text: string): string {
  return `\`${printable(text.replace(/[`\r\n]/g, '�')) || ' '}\``;
}

/** In a cell of a table `|` is `\|`, in code too; after a backslash of the text there is no way to write it. */
function inTable(text: string): string {
  return text.replace(/(\\?)\|/g, (_, backslash) => (backslash === '' ? '\\|' : '\\\\x7c'));
}
