import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Growable } from '../../../../../extension/kernel-source/tables/u32-vector.ts';
import { TextNumbers } from '../../../../../extension/kernel-source/tables/string-interner.ts';
import { TextTable } from '../../../../../extension/kernel-source/tables/string-table.ts';

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
/** Many begin alike, as names of functions do. */
const names = fc.array(fc.oneof(latin1, fc.stringMatching(/^(?:ip|tcp_v4)_[ab]{0,6}$/)), { maxLength: 300 });

function table(texts: TextNumbers, order?: Uint32Array): string[] {
  const { bytes, offsets } = texts.columns(order);
  const columns = new TextTable(bytes, offsets);
  return Array.from({ length: columns.length }, (_, index) => columns.at(index));
}

test('each text has one number, in the order of their first use', () => {
  fc.assert(
    fc.property(names, (all) => {
      const texts = new TextNumbers();
      const distinct = [...new Set(all)];
      assert.deepEqual(
        all.map((text) => texts.numberOf(text)),
        all.map((text) => distinct.indexOf(text)),
      );
      assert.deepEqual(table(texts), distinct);
    }),
  );
});

test('texts are sorted by bytes', () => {
  fc.assert(
    fc.property(names, (all) => {
      const texts = new TextNumbers();
      for (const text of all) texts.numberOf(text);
      assert.deepEqual(table(texts, texts.sorted()), [...new Set(all)].sort());
    }),
  );
});

test('many texts keep their numbers while the table grows', () => {
  const texts = new TextNumbers();
  const all = Array.from({ length: 20_000 }, (_, index) => `function_${index}`);
  for (const text of all) texts.numberOf(text);
  assert.deepEqual(
    all.map((text) => texts.numberOf(text)),
    all.map((_, index) => index),
  );
});

test('a column keeps what was pushed, over several chunks', () => {
  const column = new Growable();
  for (let value = 0; value < 200_000; value++) column.push(value * 3);
  column.truncate(150_000);
  column.push(7);
  assert.equal(column.length, 150_001);
  for (let at = 0; at < 150_000; at++) assert.equal(column.get(at), at * 3);
  assert.equal(column.get(150_000), 7);
});
