import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InternTable } from '../../../../../extension/recording/store/intern-table.ts';

/** Words of a flow: flags, ports, source, destination. */
const WIDTH = 10;

/** A hash without a key, as tables often have: each word is mixed in and multiplied. */
const unkeyed = {
  mix: (hash: number, word: number) => {
    const mixed = Math.imul(hash ^ word, 0x85ebca6b);
    return mixed ^ (mixed >>> 15);
  },
  of: (words: readonly number[]) => {
    const hash = words.reduce((hash, word) => unkeyed.mix(hash, word), 0x9e3779b9);
    return hash ^ (hash >>> 13);
  },
};

/** The last word that takes that hash from a state to a result: every step of it can be undone. */
function wordFor(state: number, result: number): number {
  const mixed = result ^ (result >>> 15) ^ (result >>> 30);
  return (Math.imul(mixed, inverse(0x85ebca6b)) ^ state) >>> 0;
}

/** Of an odd number, modulo 2^32: each step of Newton's doubles the bits that are right. */
function inverse(odd: number): number {
  let found = odd;
  for (let step = 0; step < 5; step++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}

/** IPv6 flows that differ in their addresses and have one hash. */
function collidingFlows(count: number): number[][] {
  return Array.from({ length: count }, (_, nth) => {
    const start = [2, 0x0050_1f90, 0x2001_0db8, nth, 0, 1, 0x2001_0db8, 0, 0];
    const state = start.reduce((hash, word) => unkeyed.mix(hash, word), 0x9e3779b9);
    return [...start, wordFor(state, 0x1234_5678)];
  });
}

test('flows that were chosen to collide do not', () => {
  const flows = collidingFlows(16_000);
  assert.equal(new Set(flows.map((flow) => unkeyed.of(flow))).size, 1);
  const table = new InternTable(WIDTH);
  for (const flow of flows) table.intern(Uint32Array.from(flow), 0);
  assert.equal(table.size, flows.length);
  // All in one place would be half of a look for each pair of them: 128 million.
  assert.ok(table.probes < 3 * flows.length, `${table.probes} looks`);
});

test('records keep their numbers while the table grows, and equal ones share one', () => {
  const table = new InternTable(3);
  const record = (nth: number) => Uint32Array.of(9, nth, nth * nth, 7);
  for (let round = 0; round < 2; round++)
    for (let nth = 0; nth < 5000; nth++) assert.equal(table.intern(record(nth), 1), nth);
  assert.equal(table.size, 5000);
  assert.deepEqual(
    [0, 1, 2].map((index) => table.word(4321, index)),
    [4321, (4321 * 4321) >>> 0, 7],
  );
  assert.deepEqual([...table.bytes(258, 0, 1)], [2, 1, 0, 0]);
});

test('what nothing holds is let go, its number given out again, and the rest stays', () => {
  const table = new InternTable(1);
  const intern = (value: number) => table.intern(Uint32Array.of(value), 0);
  for (let value = 0; value < 3000; value++) intern(value);
  const held = Uint8Array.from({ length: 3000 }, (_, record) => (record % 3 === 0 ? 1 : 0));
  const gone: number[] = [];
  table.sweep(held, (record) => gone.push(record));
  assert.deepEqual([gone.length, table.used], [2000, 1000]);
  assert.ok(gone.every((record) => record % 3 !== 0));
  for (let value = 0; value < 3000; value += 3) assert.equal(intern(value), value);
  const again = Array.from({ length: 2000 }, (_, nth) => intern(1_000_000 + nth));
  assert.deepEqual(
    [...again].sort((a, b) => a - b),
    gone,
  );
  assert.equal(table.size, 3000);
  for (const [nth, record] of again.entries()) assert.equal(table.word(record, 0), 1_000_000 + nth);
  // A second sweep frees what is free already only once.
  table.sweep(new Uint8Array(3000), () => undefined);
  assert.equal(table.used, 0);
  assert.equal(new Set(Array.from({ length: 3000 }, (_, value) => intern(value))).size, 3000);
});
