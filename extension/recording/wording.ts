/** What is said of a capture: wording that the terminal, the debug console and the views share. */
import type { Attached, Hello } from '../../common/protocol.ts';
import { formatCount, formatNumber, formatSeconds } from '../base/numbers.ts';
import type { CaptureEnd, EventStore } from './capture.ts';
import type { FilterTexts } from './filters.ts';
import type { EventIndex } from './types.ts';

/** An event's function; of a drop with the place in it, as the kernel's own messages write it: `nf_hook_slow+0x1a`. */
export function placeText(store: EventStore, event: EventIndex): string {
  const offset = store.dropOffset(event);
  return `${store.functionName(event)}${offset === undefined ? '' : `+0x${offset.toString(16)}`}`;
}

/** A filter in words: `tcp port 80`, `every packet`, and what is asked of packets inside of tunnels. */
export function filterText({ filter, tunnelFilterL2, tunnelFilterL3 }: FilterTexts): string {
  const inside = [
    tunnelFilterL2.trim() && `${tunnelFilterL2.trim()} (from the Ethernet header)`,
    tunnelFilterL3.trim() && `${tunnelFilterL3.trim()} (from the IP header)`,
  ].filter((part) => part !== '');
  const outside = filter.trim() || 'every packet';
  return inside.length === 0 ? outside : `${outside}, with inside of a tunnel ${inside.join(' and ')}`;
}

/** Names of skipped functions shown for each reason; the rest is counted. */
const SKIPPED_NAMES = 5;

/** What was attached where, and what was not, by reason. */
export function attachedText(target: string, attached: Attached, hello: Hello | undefined): string {
  const kernel = hello === undefined ? '' : ` (Linux ${hello.kernelRelease}, ${hello.machine})`;
  const { scan, load, attach } = attached.milliseconds;
  const own = ownConnectionText(attached);
  const lines = [
    `Tracing ${target}${kernel}: ${formatCount(attached.functions.length, 'function')} probed with ` +
      `${attached.backend} in ${formatSeconds(scan + load + attach)}.`,
    ...(own === undefined ? [] : [`  ${own}`]),
  ];
  for (const { reason, names } of attached.skipped) {
    const shown = names.slice(0, SKIPPED_NAMES).join(', ');
    const others = names.length - SKIPPED_NAMES;
    const more = others > 0 ? `, and ${formatNumber(others)} more` : '';
    lines.push(`  ${formatNumber(names.length)} not probed, ${reason}: ${shown}${more}`);
  }
  return lines.join('\n');
}

/** The same in a line. @param milliseconds since the trace was asked for */
export function attachedLine(
  target: string,
  { functions, backend, skipped }: Attached,
  kernelRelease: string,
  milliseconds: number,
): string {
  const left = skipped.reduce((sum, { names }) => sum + names.length, 0);
  return (
    `Tracing ${target} (Linux ${kernelRelease}): ${functions.length} functions by ${backend}, ` +
    `${left} not attached, in ${formatSeconds(milliseconds)}.`
  );
}

export function ownConnectionText({ ownConnection }: Attached): string | undefined {
  if (ownConnection === undefined) return undefined;
  return `Packets of this trace's own SSH connection are left out (${ownConnection}).`;
}

export function lostText(total: number): string {
  return `The kernel had no room for events: ${formatNumber(total)} lost so far. A narrower filter or fewer functions help.`;
}

const WHY: Record<CaptureEnd['why'], string> = {
  stopped: 'stopped',
  'connection-lost': 'the connection was lost; what was captured until then stays',
  'agent-died': 'the agent ended unexpectedly; what was captured until then stays',
  error: 'ended with an error',
};

/** Why a trace ended, with its totals. */
export function endText(target: string, trajectories: number, end: CaptureEnd): string {
  const detach =
    end.agent === undefined ? '' : ` Probes detached in ${formatSeconds(end.agent.milliseconds.detach)}.`;
  return `Trace of ${target}: ${WHY[end.why]}. ${capturedText(trajectories, end)}.${detach}`;
}

/** `1,234 events in 45 trajectories, 0 lost`. @param ends how the trajectories ended, to follow their number */
export function capturedText(
  trajectories: number,
  { events, lost, agent }: Pick<CaptureEnd, 'events' | 'lost' | 'agent'>,
  ends = '',
): string {
  const missed = agent?.missed ?? 0;
  const hits = missed === 0 ? '' : `, ${formatCount(missed, 'hit')} missed while another probe ran`;
  const captured = `${formatCount(events, 'event')} in ${formatCount(trajectories, 'trajectory', 'trajectories')}`;
  return `${captured}${ends}, ${formatNumber(lost)} lost${hits}`;
}
