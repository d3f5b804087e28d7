/** Figures of an emulator on a machine that does other things too: several tries, their median, and how far apart they were. */

export interface Figure {
  median: number;
  least: number;
  most: number;
  /** How many there were. */
  tries: number;
}

/** @throws Error without values */
export function figureOf(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) throw new Error('a figure of no tries');
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least, most, tries: sorted.length };
}

/** Some tries, one after another. */
export async function tried(tries: number, once: () => Promise<number>): Promise<Figure> {
  const values: number[] = [];
  while (values.length < tries) values.push(await once());
  return figureOf(values);
}

/** Three digits that count, and the spread where there was more than one try: `0.52 (0.49–0.61)`. */
export function figureText({ median, least, most, tries }: Figure): string {
  const spread = tries > 1 && most > least ? ` (${shortNumber(least)}–${shortNumber(most)})` : '';
  return `${shortNumber(median)}${spread}`;
}

/** Three digits that count. */
export function shortNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
