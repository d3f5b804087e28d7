/** How much traffic a function sees, in words and levels, for CodeLens, gutter and hover. */
import { formatCount, formatNumber } from '../../../base/numbers.ts';
import { printable } from '../../../base/printable.ts';
import type { Capture, CountedFunction } from '../../../recording/capture.ts';
import { packetName } from '../../trajectories/packet-label.ts';
import { markdownCode } from '../../trajectories/rows.ts';

/** `128 packets, 3 dropped here`. @param named the function's module is told, because several have one */
export function countText({ packets, dropped, module }: CountedFunction, named = false): string {
  const ended = dropped === 0 ? '' : `, ${formatNumber(dropped)} dropped here`;
  return `${formatCount(packets, 'packet')}${ended}${named ? ` (${module === '' ? 'vmlinux' : printable(module)})` : ''}`;
}

export const HEAT_LEVELS = [1, 2, 3, 4] as const;
export type HeatLevel = (typeof HEAT_LEVELS)[number];

/** 4: half of all packets and more, 3: a tenth, 2: a hundredth, 1: fewer. @param all packets of the capture */
export function heatLevel(packets: number, all: number): HeatLevel {
  const share = all === 0 ? 0 : packets / all;
  return share >= 0.5 ? 4 : share >= 0.1 ? 3 : share >= 0.01 ? 2 : 1;
}

/** `128 of 200 packets (64 %) passed nf_hook_slow, 3 were dropped here`: what the gutter's bars show. */
export function heatText({ name, packets, dropped }: CountedFunction, all: number): string {
  const percent = all === 0 ? 0 : (packets / all) * 100;
  const share = percent >= 1 || percent === 0 ? percent.toFixed(0) : percent.toPrecision(1);
  const ended =
    dropped === 0 ? '' : `, ${formatNumber(dropped)} ${dropped === 1 ? 'was' : 'were'} dropped here`;
  return `${formatNumber(packets)} of ${formatNumber(all)} packets (${share} %) passed ${name}${ended}`;
}

/**
 * The last packets through a function as Markdown, newest first, each with a link.
 * @param link makes the target of the link to an event
 */
export function latestPackets(
  { functionCounts, store, trajectories }: Capture,
  { number: functionNumber }: CountedFunction,
  link: (event: number) => string,
): string {
  return functionCounts
    .latest(functionNumber)
    .map((event) => {
      const time = new Date(store.wallClock(event)).toISOString().slice(11, 23);
      const story = trajectories.root(store.trajectory(event));
      const reason = trajectories.outcomeReason(story);
      const dropped = trajectories.outcome(story) === 'dropped';
      const end = dropped ? `, dropped: ${markdownCode(reason ?? 'no reason given')}` : '';
      const packet = markdownCode(packetName(store, event));
      return `- [${time}](${link(event)}) ${packet} ${markdownCode(store.comm(event))}${end}`;
    })
    .join('\n');
}
