/** What the trajectory tree shows, as plain data: labels, descriptions, icons and tooltips. */
import { formatEtherType } from '../../base/tuple.ts';
import { formatCount, formatNumber } from '../../base/numbers.ts';
import type { Capture, EventStore } from '../../recording/capture.ts';
import type { EventIndex, TrajectoryId } from '../../recording/types.ts';
import { placeText } from '../../recording/wording.ts';

export interface Row {
  label: string;
  description: string;
  /** Codicon, and the theme colour it has. */
  icon: { id: string; color: string | undefined };
  /** What a screen reader says: all that label, description and icon show. */
  spoken: string;
}

const ENDS = {
  dropped: { icon: 'error', color: 'list.errorForeground', text: 'dropped' },
  freed: { icon: 'pass', color: 'testing.iconPassed', text: 'freed' },
  alive: { icon: 'circle-outline', color: undefined, text: 'alive' },
} as const;

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
 * A trajectory: who, how it ended, which packet, how many functions, how long. All that tells packets apart is
 * in the label, because VS Code's filter in trees looks at nothing else, and a side bar is narrow.
 */
export function trajectoryRow(capture: Capture, id: TrajectoryId): Row {
  const { store, trajectories } = capture;
  const first = trajectories.event(id, 0);
  const end = trajectories.end(id);
  const { icon, color, text } = ENDS[end];
  const dropped = end === 'dropped' ? [trajectories.dropReason(id) ?? 'dropped'] : [];
  const packet = packetName(capture.store, first);
  const facts = [
    formatCount(trajectories.functionCount(id), 'function'),
    formatDuration(trajectories.duration(id)),
  ];
  return {
    label: [store.comm(first), ...dropped, packet].join(' · '),
    description: facts.join(' · '),
    icon: { id: icon, color },
    spoken: [store.comm(first), text, ...dropped, packet, ...facts].join(', '),
  };
}

/** One step of a trajectory: the function with the time since the first step, or the drop with its reason. */
export function stepRow({ store, trajectories }: Capture, id: TrajectoryId, nth: number): Row {
  const event = trajectories.event(id, nth);
  const isDrop = store.kind(event) === 'drop';
  const name = store.functionName(event);
  const dropped = `dropped: ${store.dropReason(event) ?? 'no reason given'} at ${placeText(store, event)}`;
  const label = isDrop ? dropped : name;
  const offset = store.time(event) - store.time(trajectories.event(id, 0));
  const module = store.function(event)?.module ?? '';
  const facts = [`+${formatDuration(offset)}`, `CPU ${store.cpu(event)}`];
  if (module !== '') facts.push(module);
  const lost = store.lostBefore(event);
  if (lost > 0) facts.push(`${formatNumber(lost)} lost before`);
  const description = facts.join(' · ');
  const icon = isDrop
    ? { id: ENDS.dropped.icon, color: ENDS.dropped.color }
    : { id: 'symbol-function', color: 'symbolIcon.functionForeground' };
  return { label, description, icon, spoken: [label, ...facts].join(', ') };
}

/** Addresses and ports, or the protocol's number where it is not an IP packet. */
export function packetName(store: EventStore, event: EventIndex): string {
  return store.tuple(event) ?? `protocol ${formatEtherType(store.protocol(event))}`;
}

/** All facts of a trajectory as Markdown. */
export function trajectoryTooltip(capture: Capture, id: TrajectoryId): string {
  const { store, trajectories } = capture;
  const first = trajectories.event(id, 0);
  const end = trajectories.end(id);
  const reason = trajectories.dropReason(id);
  return table([
    ['Packet', packetName(capture.store, first)],
    ['Process', `${store.comm(first)} (${store.pid(first)})`],
    ['End', reason === undefined ? ENDS[end].text : `${ENDS[end].text}: ${reason}`],
    ['Functions', formatNumber(trajectories.functionCount(id))],
    ['Duration', formatDuration(trajectories.duration(id))],
    ['First seen', `${new Date(store.wallClock(first)).toISOString()} (target's clock)`],
    ['Length', `${store.packetLength(first)} bytes`],
    ...place(capture, first),
  ]);
}

/** All facts of a step as Markdown. @param line where in the source it is, if that is known */
export function stepTooltip(capture: Capture, id: TrajectoryId, nth: number, line?: string): string {
  const { store } = capture;
  const event = capture.trajectories.event(id, nth);
  const probed = store.function(event);
  const lost = store.lostBefore(event);
  return table([
    ['Function', placeText(store, event)],
    ...(line === undefined ? [] : [['Source', line] as const]),
    ...(probed === undefined || probed.module === '' ? [] : [['Module', probed.module] as const]),
    ...(store.kind(event) === 'drop'
      ? [['Dropped', store.dropReason(event) ?? 'the kernel gives no reason'] as const]
      : []),
    ['Packet', packetName(store, event)],
    ['Running process', `${store.comm(event)} (${store.pid(event)})`],
    ['CPU', `${store.cpu(event)}`],
    ['Length', `${store.packetLength(event)} bytes`],
    ...place(capture, event),
    ...(lost > 0 ? [['Lost before', `${lost} events on this CPU`] as const] : []),
  ]);
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
  return ['| | |', '|:--|:--|', ...rows.map(([name, value]) => `| ${name} | ${markdownCode(value)} |`)].join(
    '\n',
  );
}

/** A process may name itself anything: as code, with what would end the cell or the code taken out. */
export function markdownCode(text: string): string {
  return `\`${text.replace(/[`\r\n]/g, '�').replaceAll('|', '\\|')}\``;
}
