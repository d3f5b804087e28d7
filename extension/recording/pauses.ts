/** What is said of the times in which a trace was paused. */
import { formatSeconds } from '../base/numbers.ts';
import type { Capture, TracePause } from './capture.ts';
import { wallClockOf } from './target-clock.ts';

const WHY: Record<TracePause['why'], string> = {
  silence: 'the target heard nothing from here',
  request: 'it was asked to',
  connection: 'the connection to the target was lost',
};

/** Milliseconds; undefined while it lasts. */
export function pauseDuration({ from, to }: TracePause): number | undefined {
  return to === undefined ? undefined : Math.max(0, Number((to - from) / 1000n) / 1000);
}

/** Milliseconds of all that are over. */
export function pausedMilliseconds(pauses: readonly TracePause[]): number {
  return pauses.reduce((sum, pause) => sum + (pauseDuration(pause) ?? 0), 0);
}

/** A sentence for when it begins, and another for when it is over. */
export function pauseText(pause: TracePause, hello: Capture['hello']): string {
  const duration = pauseDuration(pause);
  if (duration === undefined) return `The trace is paused, because ${WHY[pause.why]}: packets are not seen.`;
  const clock = (time: bigint) => hello && new Date(wallClockOf(time, hello)).toISOString();
  const [from, to] = [clock(pause.from), clock(pause.to ?? pause.from)];
  const when = from === undefined ? '' : ` (${from} to ${to}, target's clock)`;
  return `The trace was paused for ${formatSeconds(duration)}${when}, because ${WHY[pause.why]}: what packets did meanwhile is not known.`;
}

/** The same as a name and a fact, for a row between the packets before it and after it. */
export function pauseLabel(pause: TracePause): { label: string; why: string } {
  const duration = pauseDuration(pause);
  const label = duration === undefined ? 'Paused' : `Paused for ${formatSeconds(duration)}`;
  return { label, why: `${WHY[pause.why]}; packets were not seen` };
}

/** Whether the trace is paused now, or ended so. */
export function isPaused(pauses: readonly TracePause[]): boolean {
  return pauses.length > 0 && pauses.at(-1)?.to === undefined;
}

/** `, paused 12.3 s` behind what was lost; while it is paused `, paused` or `, paused 12.3 s and again`; else empty. */
export function pausedText(pauses: readonly TracePause[]): string {
  const over = pauses.filter(({ to }) => to !== undefined);
  const again = isPaused(pauses);
  if (over.length === 0) return again ? ', paused' : '';
  return `, paused ${formatSeconds(pausedMilliseconds(over))}${again ? ' and again' : ''}`;
}
