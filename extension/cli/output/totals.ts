import { formatNumber } from '../../base/numbers.ts';
import type { CaptureEnd, Trajectories } from '../../recording/capture.ts';
import { capturedText } from '../../recording/wording.ts';

/** How the trajectories of a capture ended. */
export interface Totals {
  trajectories: number;
  dropped: number;
  freed: number;
  alive: number;
  /** Dropped trajectories by reason, most frequent first. */
  reasons: [reason: string, count: number][];
}

export function totalsOf(trajectories: Trajectories): Totals {
  const totals = { trajectories: trajectories.length, dropped: 0, freed: 0, alive: 0 };
  const reasons = new Map<string, number>();
  for (let id = 0; id < trajectories.length; id++) {
    const end = trajectories.end(id);
    totals[end]++;
    if (end !== 'dropped') continue;
    const reason = trajectories.dropReason(id) ?? 'no reason given';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return { ...totals, reasons: [...reasons].sort(([, a], [, b]) => b - a) };
}

/** `1,234 events in 45 trajectories (3 dropped: NETFILTER_DROP 3; 40 freed; 2 alive), 0 lost` */
export function totalsText(totals: Totals, end: Pick<CaptureEnd, 'events' | 'lost' | 'agent'>): string {
  const reasons = totals.reasons.map(([reason, times]) => `${reason} ${formatNumber(times)}`).join(', ');
  const dropped = `${formatNumber(totals.dropped)} dropped${reasons === '' ? '' : `: ${reasons}`}`;
  const ends = `${dropped}; ${formatNumber(totals.freed)} freed; ${formatNumber(totals.alive)} alive`;
  return capturedText(totals.trajectories, end, ` (${ends})`);
}
