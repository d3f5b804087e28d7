/**
 * Columns have 32 bits for numbers that grow for as long as a trace runs: at 20,000 events a second they are used up
 * after 60 hours. What is kept is much less, so that the low bits and the newest number tell which one is meant.
 */

/** The greatest number below `end` that has these low 32 bits. */
export function newestBelow(end: number, low: number): number {
  return end - 1 - ((end - 1 - low) >>> 0);
}
