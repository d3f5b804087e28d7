/**
 * Binary search among rising numbers.
 * @returns the index of the last that is not above the one wanted; -1 when all are
 */
export function lastUpTo(count: number, valueAt: (index: number) => number, wanted: number): number {
  let low = 0;
  for (let high = count; low < high;) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
