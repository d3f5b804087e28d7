/** The lines of the table. */
import { type Figure, figureText, shortNumber } from './statistics.ts';

export interface Row {
  measure: string;
  unit: string;
  theirs: Figure | undefined;
  ours: Figure | undefined;
  /** Of ours / theirs, or of ours alone; as words where there is no number to compare with. */
  goal: Goal;
  /** What the figures are made of. */
  note?: string;
}

export type Goal =
  { atMostTimes: number } | { atLeastTimes: number } | { atMost: number } | { atLeast: number } | undefined;

export const TABLE_HEAD = ['measure', 'unit', 'pwru', 'packet-trace', 'ratio', 'goal', 'holds', 'note'];

export function rowCells({ measure, unit, theirs, ours, goal, note = '' }: Row): string[] {
  const ratio = ratioOf(theirs, ours);
  return [
    measure,
    unit,
    theirs === undefined ? '–' : figureText(theirs),
    ours === undefined ? '–' : figureText(ours),
    ratio === undefined ? '–' : `${shortNumber(ratio)} ×`,
    goalText(goal),
    holds(goal, ours?.median, ratio),
    note,
  ];
}

function ratioOf(theirs: Figure | undefined, ours: Figure | undefined): number | undefined {
  if (theirs === undefined || ours === undefined || theirs.median === 0) return undefined;
  return ours.median / theirs.median;
}

function goalText(goal: Goal): string {
  if (goal === undefined) return '';
  if ('atMostTimes' in goal) return `≤ ${goal.atMostTimes} ×`;
  if ('atLeastTimes' in goal) return `≥ ${goal.atLeastTimes} ×`;
  return 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
}

function holds(goal: Goal, ours: number | undefined, ratio: number | undefined): string {
  if (goal === undefined || ours === undefined) return '';
  const word = (isHeld: boolean) => (isHeld ? 'yes' : 'NO');
  if ('atMost' in goal) return word(ours <= goal.atMost);
  if ('atLeast' in goal) return word(ours >= goal.atLeast);
  if (ratio === undefined) return '';
  return word('atMostTimes' in goal ? ratio <= goal.atMostTimes : ratio >= goal.atLeastTimes);
}
