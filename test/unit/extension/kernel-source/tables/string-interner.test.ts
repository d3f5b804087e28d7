import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { StringInterner } from '../../../../../extension/kernel-source/tables/string-interner.ts';
import { StringTable } from '../../../../../extension/kernel-source/tables/string-table.ts';

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
/** Many begin alike, as names of functions do. */
const names = fc.array(fc.oneof(latin1, fc.stringMatching(/^(?:ip|tcp_v4)_[ab]{0,6}$/)), { maxLength: 300 });

function table(texts: StringInterner, order?: Uint32Array): string[] {
  const columns = new StringTable(texts.columns(order));
  return Array.from({ length: columns.length }, (_, index) => columns.at(index));
}

test('each text has one number, in the order of their first use', () => {
  fc.assert(
    fc.property(names, (all) => {
      const texts = new StringInterner();
      const distinct = [...new Set(all)];
      assert.deepEqual(
        all.map((text) => texts.intern(text)),
        all.map((text) => distinct.indexOf(text)),
      );
      assert.deepEqual(table(texts), distinct);
    }),
  );
});

test('texts are sorted by bytes', () => {
  fc.assert(
    fc.property(names, (all) => {
      const texts = new StringInterner();
      for (const text of all) texts.intern(text);
      assert.deepEqual(table(texts, texts.sorted()), [...new Set(all)].sort());
    }),
  );
});

test('many texts keep their numbers while the table grows', () => {
  const texts = new StringInterner();
  const all = Array.from({ length: 20_000 }, (_, index) => `function_${index}`);
  for (const text of all) texts.intern(text);
  assert.deepEqual(
    all.map((text) => texts.intern(text)),
    all.map((_, index) => index),
  );
});
