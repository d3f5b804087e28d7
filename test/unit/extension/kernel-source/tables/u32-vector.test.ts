import assert from 'node:assert/strict';
import { test } from 'node:test';
import { U32Vector } from '../../../../../extension/kernel-source/tables/u32-vector.ts';

test('a column keeps what was pushed, over several chunks', () => {
  const column = new U32Vector();
  for (let value = 0; value < 200_000; value++) column.push(value * 3);
  column.truncate(150_000);
  column.push(7);
  assert.equal(column.length, 150_001);
  for (let at = 0; at < 150_000; at++) assert.equal(column.get(at), at * 3);
  assert.equal(column.get(150_000), 7);
});
