import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCount, formatNumber, formatSeconds } from '../../../../extension/base/numbers.ts';

test('numbers in texts', () => {
  assert.equal(formatNumber(1_234_567), '1,234,567');
  assert.deepEqual(
    [0, 1, 2000].map((value) => formatCount(value, 'event')),
    ['0 events', '1 event', '2,000 events'],
  );
  assert.equal(formatCount(2, 'trajectory', 'trajectories'), '2 trajectories');
  assert.equal(formatSeconds(1550), '1.6 s');
});
