/** What became of the packets of a capture: counted by stories, a packet with all its copies being one. */
import type { StoryCounts, Trajectories, TrajectoryEnd } from './capture.ts';

export interface StoryTotals {
  /** Stories. */
  packets: number;
  /** Lives: packets and their copies. */
  trajectories: number;
  /** Stories by outcome. */
  outcomes: Readonly<Record<TrajectoryEnd, number>>;
  /** Dropped stories by reason, most frequent first. */
  reasons: readonly (readonly [reason: string, count: number])[];
}

export function storyTotals(trajectories: Trajectories): StoryTotals {
  const { forgotten } = trajectories;
  const counts = { ...forgotten, outcomes: { ...forgotten.outcomes }, reasons: new Map(forgotten.reasons) };
  for (const id of trajectories.ids())
    if (trajectories.root(id) === id)
      countStory(counts, trajectories.outcome(id), trajectories.outcomeReason(id));
  const { packets, outcomes } = counts;
  const reasons = [...counts.reasons].sort(([, a], [, b]) => b - a);
  return { packets, trajectories: trajectories.length, outcomes, reasons };
}

export function noStories(): StoryCounts {
  return {
    packets: 0,
    outcomes: { delivered: 0, transmitted: 0, dropped: 0, alive: 0, consumed: 0, merged: 0, unknown: 0 },
    reasons: new Map(),
  };
}

/** @param reason of a dropped one */
export function countStory(counts: StoryCounts, outcome: TrajectoryEnd, reason: string | undefined): void {
  counts.packets++;
  counts.outcomes[outcome]++;
  if (outcome !== 'dropped') return;
  const why = reason ?? 'no reason given';
  counts.reasons.set(why, (counts.reasons.get(why) ?? 0) + 1);
}
