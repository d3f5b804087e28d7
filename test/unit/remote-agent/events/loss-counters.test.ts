import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CpuLossLayout, LossLimit } from '../../../../common/layouts.ts';
import { possibleCpus, sumLoss } from '../../../../remote-agent/events/loss-counters.ts';

test('the totals of all CPUs are summed, and what was told is not', () => {
  const counters = new BigUint64Array(3 * 8);
  counters.set([5n, 4n], 0);
  counters.set([2n ** 33n, 1n], 8);
  counters.set([1n, 1n], 16);
  assert.equal(sumLoss(new Uint32Array(counters.buffer)), 2 ** 33 + 6);
});

test('each CPU has a cache line of its own, which begins with its total', () => {
  assert.equal(LossLimit.LossCpus, 1024);
  assert.deepEqual([CpuLossLayout.total, CpuLossLayout.bytes], [0, 64]);
});

test('the number of counters that can be in use', () => {
  assert.equal(possibleCpus('0-3\n'), 4);
  assert.equal(possibleCpus('0\n'), 1);
  assert.equal(possibleCpus('0,2-127\n'), 128);
});
