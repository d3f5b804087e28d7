/** What is said of a capture: wording that the terminal, the debug console and the views share. */
import type { Attached, Hello, ModulesLoaded, ProgramsLoaded } from '../../common/protocol.ts';
import { formatCount, formatNumber, formatSeconds } from '../base/numbers.ts';
import type { CaptureEnd, EventStore, TracePause } from './capture.ts';
import type { FilterTexts } from './filters.ts';
import { pausedText } from './pauses.ts';
import type { StoryTotals } from './story-totals.ts';
import type { EventIndex } from './types.ts';

/** An event's function; of a drop with the place in it, as the kernel's own messages write it: `nf_hook_slow+0x1a`. */
export function placeText(store: EventStore, event: EventIndex): string {
  const offset = store.dropOffset(event);
  return `${store.functionName(event)}${offset === undefined ? '' : `+0x${offset.toString(16)}`}`;
}

/** The function that was called; of a BPF program that returned also what: `classify(tc): TC_ACT_OK`. */
export function stepName(store: EventStore, event: EventIndex): string {
  const verdict = store.verdict(event);
  return `${store.functionName(event)}${verdict === undefined ? '' : `: ${verdict}`}`;
}

/** A filter in words: `tcp port 80`, `every packet`, and what is asked of packets inside of tunnels. */
export function filterText(texts: FilterTexts): string {
  const { filter, tunnelFilterL2, tunnelFilterL3, netns, ifname, mark, skbExpression, xdpExpression } = texts;
  const inside = [
    tunnelFilterL2.trim() && `${tunnelFilterL2.trim()} (from the Ethernet header)`,
    tunnelFilterL3.trim() && `${tunnelFilterL3.trim()} (from the IP header)`,
  ].filter((part) => part !== '');
  const outside = filter.trim() || 'every packet';
  const conditions = [
    ifname && `on ${ifname}`,
    netns ? `in network namespace ${netns}` : ifname && "in the agent's network namespace",
    mark && `with mark ${mark}`,
    skbExpression && `where ${skbExpression}`,
    xdpExpression && `in XDP where ${xdpExpression}`,
  ].filter((part) => part !== undefined && part !== '');
  const where = [outside, ...conditions].join(' ');
  return inside.length === 0 ? where : `${where}, with inside of a tunnel ${inside.join(' and ')}`;
}

/** Names of skipped functions shown for each reason; the rest is counted. */
const SKIPPED_NAMES = 5;

/** What was attached where, and what was not, by reason. */
export function attachedText(target: string, attached: Attached, hello: Hello | undefined): string {
  const kernel = hello === undefined ? '' : ` (Linux ${hello.kernelRelease}, ${hello.machine})`;
  const { scan, load, attach } = attached.milliseconds;
  const own = ownConnectionText(attached);
  const lines = [
    `Tracing ${target}${kernel}: ${probedText(attached)} probed with ` +
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

/** `1,604 functions`, `1,604 functions and 1 BPF program` */
function probedText({ functions }: Pick<Attached, 'functions'>): string {
  const programs = countPrograms(functions);
  const text = formatCount(functions.length - programs, 'function');
  return programs === 0 ? text : `${text} and ${formatCount(programs, 'BPF program')}`;
}

function countPrograms(functions: Attached['functions']): number {
  return functions.filter(({ program }) => program !== undefined).length;
}

/** The same in a line. @param milliseconds since the trace was asked for */
export function attachedLine(
  target: string,
  { functions, backend, skipped }: Attached,
  kernelRelease: string,
  milliseconds: number,
): string {
  const left = skipped.reduce((sum, { names }) => sum + names.length, 0);
  const programs = countPrograms(functions);
  return (
    `Tracing ${target} (Linux ${kernelRelease}): ${functions.length - programs} functions by ${backend}, ` +
    (programs === 0 ? '' : `${formatCount(programs, 'BPF program')}, `) +
    `${left} not attached, in ${formatSeconds(milliseconds)}.`
  );
}

/** Whose packets are left out; undefined: nobody's. */
export function ownConnectionText({ ownConnections, otherConnections }: Attached): string | undefined {
  const whose = [
    ...(ownConnections.length === 0 ? [] : [`this trace's own connection (${ownConnections.join(', ')})`]),
    ...(otherConnections.length === 0 ? [] : [`other traces (${otherConnections.join(', ')})`]),
  ];
  return whose.length === 0 ? undefined : `Packets of ${whose.join(' and of ')} are left out.`;
}

/** What modules brought that came while tracing; undefined: nothing that was asked for. */
export function modulesText({ names, functions, skipped }: ModulesLoaded): string | undefined {
  const left = skipped.reduce((sum, each) => sum + each.names.length, 0);
  if (functions.length === 0 && left === 0) return undefined;
  const which = `${names.length === 1 ? 'Module' : 'Modules'} ${names.join(', ')}`;
  const loaded = `${which} ${names.length === 1 ? 'was' : 'were'} loaded`;
  const missing = left === 0 ? '' : `, ${formatNumber(left)} not`;
  return `${loaded}: ${formatCount(functions.length, 'more function')} probed${missing}.`;
}

/** What became of BPF programs that were loaded while tracing. */
export function programsText({ functions, skipped }: ProgramsLoaded): string {
  const traced = functions.map(({ name, program }) => `${name} (program ${program?.id})`);
  const lines = [
    ...(traced.length === 0 ? [] : [`Traced from now on: ${traced.join(', ')}.`]),
    ...skipped.map(({ reason, names }) => `Not traced: ${names.join(', ')}: ${reason}.`),
  ];
  return lines.join('\n');
}

/** What the kernel could not tell, running totals. */
export type Losses = Pick<CaptureEnd, 'lost' | 'missed' | 'untracked'>;

/** `0 lost`; where there are some also `, 3 missed, 2 untracked`. */
export function lossText({ lost, missed, untracked }: Losses): string {
  const others = [
    ...(missed === 0 ? [] : [`, ${formatNumber(missed)} missed`]),
    ...(untracked === 0 ? [] : [`, ${formatNumber(untracked)} untracked`]),
  ];
  return `${formatNumber(lost)} lost${others.join('')}`;
}

export function hasLosses({ lost, missed, untracked }: Losses): boolean {
  return lost > 0 || missed > 0 || untracked > 0;
}

/** What is lost so far, each kind with what it means; a line each. */
export function lostText({ lost, missed, untracked }: Losses): string {
  const lines = [
    ...(lost === 0
      ? []
      : [`The kernel had no room for events: ${formatNumber(lost)} lost so far. ${NARROWER_HELPS}`]),
    ...(missed === 0
      ? []
      : [`${formatCount(missed, 'probe hit')} missed so far, while another probe ran on the same CPU.`]),
    ...(untracked === 0
      ? []
      : [
          `Too many packets at once: ${formatNumber(untracked)} matched and could not be followed so far. A narrower filter helps.`,
        ]),
  ];
  return lines.join('\n');
}

/** Said once. */
export const FORGOTTEN_TEXT =
  'Older packets are forgotten from now on, because there are too many to keep (setting packetTrace.keepEvents). The totals go on counting them.';

const NARROWER_HELPS = 'A narrower filter or fewer functions help.';

const WHY: Record<CaptureEnd['why'], string> = {
  stopped: 'stopped',
  'connection-lost': 'the connection was lost; what was captured until then stays',
  'agent-died': 'the agent ended unexpectedly; what was captured until then stays',
  error: 'ended with an error',
};

/** Why a trace ended, with its totals. */
export function endText(
  target: string,
  totals: StoryTotals,
  end: CaptureEnd,
  pauses: readonly TracePause[],
): string {
  const detach =
    end.agent === undefined ? '' : ` Probes detached in ${formatSeconds(end.agent.milliseconds.detach)}.`;
  return `Trace of ${target}: ${WHY[end.why]}. ${totalsText(totals, end, pauses)}${detach}`;
}

/**
 * `45 packets: 40 delivered, 1 transmitted, 3 dropped (NETFILTER_DROP 3), 1 still alive. 1,234 events, 0 lost.`
 * A packet and its copies are one; what needs no mention when it did not happen has none.
 */
export function totalsText(
  { packets, outcomes, reasons }: StoryTotals,
  { events, incomplete, ...losses }: Losses & Pick<CaptureEnd, 'events' | 'incomplete'>,
  pauses: readonly TracePause[] = [],
): string {
  const why = reasons.map(([reason, times]) => `${reason} ${formatNumber(times)}`).join(', ');
  const ends = [
    `${formatNumber(outcomes.delivered)} delivered`,
    `${formatNumber(outcomes.transmitted)} transmitted`,
    `${formatNumber(outcomes.dropped)} dropped${why === '' ? '' : ` (${why})`}`,
    ...(outcomes.consumed === 0 ? [] : [`${formatNumber(outcomes.consumed)} consumed`]),
    ...(outcomes.merged === 0 ? [] : [`${formatNumber(outcomes.merged)} merged into others`]),
    ...(outcomes.unknown === 0 ? [] : [`${formatNumber(outcomes.unknown)} not followed to the end`]),
    `${formatNumber(outcomes.alive)} still alive`,
  ];
  const captured = `${formatCount(events, 'event')}, ${lossText(losses)}${pausedText(pauses)}.`;
  const lacking = incomplete === undefined ? '' : ` ${incomplete}`;
  return `${formatCount(packets, 'packet')}: ${ends.join(', ')}. ${captured}${lacking}`;
}
