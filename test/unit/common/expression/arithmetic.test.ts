/** Random expressions against C's rules written down a second time, on numbers that the compiler does not know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluate, FIELDS, memory, NUMBERS } from './kernel.ts';

interface Num {
  value: bigint;
  bits: 32 | 64;
  signed: boolean;
}

/** undefined: it divides by 0. */
interface Tree {
  text: string;
  of: (numbers: Numbers) => Num | undefined;
}

type Name = keyof typeof NUMBERS | keyof typeof FIELDS;
type Numbers = Record<Name, bigint>;

const wrapped = (value: bigint, bits: number, signed: boolean) =>
  signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);

const LITERALS: [suffix: string, bits: 32 | 64, signed: boolean][] = [
  ['', 32, true],
  ['u', 32, false],
  ['L', 64, true],
  ['uL', 64, false],
];

const leaf: fc.Arbitrary<Tree> = fc.oneof(
  fc.constantFrom(...(Object.keys(NUMBERS) as (keyof typeof NUMBERS)[])).map((name) => {
    const { bytes, signed } = NUMBERS[name];
    const type = { bits: bytes === 8 ? 64 : 32, signed: bytes < 4 || signed } as const;
    return { text: `skb->${name}`, of: (numbers: Numbers) => ({ value: numbers[name], ...type }) };
  }),
  fc.constantFrom(...(Object.keys(FIELDS) as (keyof typeof FIELDS)[])).map((name) => ({
    text: `skb->${name}`,
    of: (numbers: Numbers) => ({ value: numbers[name], bits: 32 as const, signed: true }),
  })),
  fc
    .tuple(fc.oneof(fc.nat(3), fc.nat(0x7fff_ffff)), fc.constantFrom(...LITERALS))
    .map(([value, [suffix, bits, signed]]) => ({
      text: `${value}${suffix}`,
      of: () => ({ value: BigInt(value), bits, signed }),
    })),
);

type Binary = (left: bigint, right: bigint) => bigint | undefined;
const ARITHMETIC: Record<string, Binary> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => (right === 0n ? undefined : left / right),
  '%': (left, right) => (right === 0n ? undefined : left % right),
  '&': (left, right) => left & right,
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
};
const COMPARISONS: Record<string, (left: bigint, right: bigint) => boolean> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};
const truth = (value: boolean): Num => ({ value: value ? 1n : 0n, bits: 32, signed: true });

type Type = Pick<Num, 'bits' | 'signed'>;

function usual(left: Type, right: Type): Type {
  if (left.bits !== right.bits) return left.bits > right.bits ? left : right;
  return { bits: left.bits, signed: left.signed && right.signed };
}

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom(...Object.keys(ARITHMETIC)), tie('tree'), tie('tree'))
      .map(([operator, a, b]) => ({
        text: `(${a.text} ${operator} ${b.text})`,
        of: (numbers: Numbers): Num | undefined => {
          const [left, right] = [a.of(numbers), b.of(numbers)];
          if (left === undefined || right === undefined) return undefined;
          const { bits, signed } = usual(left, right);
          const result = ARITHMETIC[operator]?.(
            wrapped(left.value, bits, signed),
            wrapped(right.value, bits, signed),
          );
          return result === undefined ? undefined : { value: wrapped(result, bits, signed), bits, signed };
        },
      })),
    fc
      .tuple(fc.constantFrom(...Object.keys(COMPARISONS)), tie('tree'), tie('tree'))
      .map(([operator, a, b]) => ({
        text: `(${a.text} ${operator} ${b.text})`,
        of: (numbers: Numbers): Num | undefined => {
          const [left, right] = [a.of(numbers), b.of(numbers)];
          if (left === undefined || right === undefined) return undefined;
          const { bits, signed } = usual(left, right);
          const compare = COMPARISONS[operator];
          return truth(
            compare?.(wrapped(left.value, bits, signed), wrapped(right.value, bits, signed)) === true,
          );
        },
      })),
    fc.tuple(fc.constantFrom('<<', '>>'), tie('tree'), fc.nat(31)).map(([operator, a, count]) => ({
      text: `(${a.text} ${operator} (skb->u8 & 0 | ${count}))`,
      of: (numbers: Numbers): Num | undefined => {
        const left = a.of(numbers);
        if (left === undefined) return undefined;
        const { value, bits, signed } = left;
        const result = operator === '<<' ? value << BigInt(count) : value >> BigInt(count);
        return { value: wrapped(result, bits, signed), bits, signed };
      },
    })),
    fc.tuple(fc.constantFrom('-', '~', '!', '+'), tie('tree')).map(([operator, a]) => ({
      text: `${operator} (${a.text})`,
      of: (numbers: Numbers): Num | undefined => {
        const of = a.of(numbers);
        if (of === undefined) return undefined;
        if (operator === '!') return truth(of.value === 0n);
        const result = operator === '-' ? -of.value : operator === '~' ? ~of.value : of.value;
        return { ...of, value: wrapped(result, of.bits, of.signed) };
      },
    })),
    fc
      .tuple(fc.constantFrom('char', 'u8', 'short', '__u16', 'int', 'unsigned', 'long'), tie('tree'))
      .map(([type, a]) => ({
        text: `(${type}) (${a.text})`,
        of: (numbers: Numbers): Num | undefined => {
          const of = a.of(numbers);
          if (of === undefined) return undefined;
          const width = { char: 8, u8: 8, short: 16, __u16: 16, int: 32, unsigned: 32, long: 64 }[type] ?? 0;
          const signed = ['char', 'short', 'int', 'long'].includes(type);
          const value = wrapped(of.value, width, signed);
          return { value, bits: width === 64 ? 64 : 32, signed: width < 32 || signed };
        },
      })),
    fc.tuple(fc.constantFrom('&&', '||'), tie('tree'), tie('tree')).map(([operator, a, b]) => ({
      text: `(${a.text} ${operator} ${b.text})`,
      of: (numbers: Numbers): Num | undefined => {
        const left = a.of(numbers);
        if (left === undefined) return undefined;
        if ((left.value === 0n) === (operator === '&&')) return truth(operator === '||');
        const right = b.of(numbers);
        return right === undefined ? undefined : truth(right.value !== 0n);
      },
    })),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([c, a, b]) => ({
      text: `(${c.text} ? ${a.text} : ${b.text})`,
      of: (numbers: Numbers): Num | undefined => {
        const condition = c.of(numbers);
        if (condition === undefined) return undefined;
        const chosen = (condition.value === 0n ? b : a).of(numbers);
        const [yes, no] = [a.of(numbers), b.of(numbers)];
        // A side that is not taken and divides by 0 has no type here.
        if (chosen === undefined || yes === undefined || no === undefined) return undefined;
        const { bits, signed } = usual(yes, no);
        return { value: wrapped(chosen.value, bits, signed), bits, signed };
      },
    })),
  ),
}));

const numbers: fc.Arbitrary<Numbers> = fc.record(
  Object.fromEntries([
    ...Object.entries(NUMBERS).map(([name, { bytes, signed }]) => [name, numberOf(bytes * 8, signed)]),
    ...Object.entries(FIELDS).map(([name, { width, signed }]) => [name, numberOf(width, signed)]),
  ]) as Record<Name, fc.Arbitrary<bigint>>,
);

function numberOf(bits: number, signed: boolean): fc.Arbitrary<bigint> {
  const [min, max] = signed
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n];
  const edges = [min, max, 0n, 1n].filter((value) => value >= min && value <= max);
  return fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min, max }));
}

function written(values: Numbers): Uint8Array {
  const bytes = memory();
  const view = new DataView(bytes.buffer);
  for (const [name, { bytes: size, at }] of Object.entries(NUMBERS))
    for (let index = 0; index < size; index++)
      view.setUint8(at + index, Number((values[name as Name] >> BigInt(8 * index)) & 0xffn));
  let word = 0n;
  for (const [name, { bits, width }] of Object.entries(FIELDS))
    word |= BigInt.asUintN(width, values[name as Name]) << BigInt(bits - 32 * 8);
  view.setUint32(32, Number(word), true);
  return bytes;
}

test('random expressions have the values that C gives them', () => {
  let decided = 0;
  fc.assert(
    fc.property(tree, numbers, (expression, values) => {
      const expected = expression.of(values);
      let found: bigint;
      try {
        found = evaluate(expression.text, written(values));
      } catch (error) {
        // What shows to be wrong in the text alone is refused.
        if (/divides by 0|nested too deeply/.test(String(error))) return;
        throw error;
      }
      decided++;
      if (expected === undefined) return;
      const asSigned = BigInt.asIntN(64, expected.value);
      assert.equal(found, asSigned, expression.text);
    }),
    { numRuns: 1500 },
  );
  assert.ok(decided > 500, `only ${decided} had a value`);
});
