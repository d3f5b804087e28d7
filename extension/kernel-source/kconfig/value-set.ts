/** What is known of a value of an option: all values that it may have. */
export type ValueSet = number;

/** The values of an option, in their order; a set is a sum of them. */
export const Value = { N: 1, M: 2, Y: 4 } as const;
export const ANY: ValueSet = Value.N | Value.M | Value.Y;
/** On or off: the values of what cannot be built as a module. */
export const BOOL: ValueSet = Value.N | Value.Y;

const VALUES = [Value.N, Value.M, Value.Y];

/** `a && b`: the lesser of each pair of values. */
export function both(a: ValueSet, b: ValueSet): ValueSet {
  // A set is at least a value exactly if its greatest value is.
  return VALUES.filter(
    (value) => ((a & value) !== 0 && b >= value) || ((b & value) !== 0 && a >= value),
  ).reduce(union, 0);
}

/** `a || b`: the greater of each pair of values. */
export function either(a: ValueSet, b: ValueSet): ValueSet {
  const upTo = (set: ValueSet, value: number) => (set & (2 * value - 1)) !== 0;
  return VALUES.filter(
    (value) => ((a & value) !== 0 && upTo(b, value)) || ((b & value) !== 0 && upTo(a, value)),
  ).reduce(union, 0);
}

/** `!a`: y for n, m for m, n for y. */
export function negation(a: ValueSet): ValueSet {
  return ((a & Value.N) << 2) | (a & Value.M) | ((a & Value.Y) >> 2);
}

/** What an option has that cannot be a module: m counts as y. */
export function withoutModule(a: ValueSet): ValueSet {
  return (a & Value.M) === 0 ? a : (a & Value.N) | Value.Y;
}

function union(a: ValueSet, b: ValueSet): ValueSet {
  return a | b;
}
