/** Letters that differ between a word and what it may be a slip for: a third of it, and two at most. */
const MOST_SLIPS = 2;

/** The candidate that a mistyped word most likely is; undefined when none comes near. */
export function mostSimilar<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const limit = Math.min(MOST_SLIPS, Math.max(1, Math.floor(word.length / 3)));
  const near = candidates
    .filter((candidate) => Math.abs(candidate.length - word.length) <= limit)
    .map((candidate) => ({ candidate, slips: slipsBetween(word, candidate) }))
    .filter(({ slips }) => slips <= limit)
    .sort((a, b) => a.slips - b.slips);
  // Else what it is the beginning of, if that is one.
  const begun = word.length < 3 ? [] : candidates.filter((candidate) => candidate.startsWith(word));
  return near[0]?.candidate ?? (begun.length === 1 ? begun[0] : undefined);
}

/** Letters to put in, take out, replace or swap with their neighbour: Damerau's distance, of words of like length. */
function slipsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = next;
  }
  return last[b.length] ?? 0;
}
