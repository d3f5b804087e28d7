import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterLimit, CpuCountersLayout } from '../../../../common/layouts.ts';
import { sumCounters } from '../../../../remote-agent/events/counters.ts';

test('the totals of all CPUs are summed, and what was told is not', () => {
  const counters = new BigUint64Array(3 * 8);
  counters.set([5n, 4n, 2n], 0);
  counters.set([2n ** 33n, 1n, 0n], 8);
  counters.set([1n, 1n, 2n ** 32n], 16);
  assert.deepEqual(sumCounters(new Uint32Array(counters.buffer)), {
    lost: 2 ** 33 + 6,
    untracked: 2 ** 32 + 2,
  });
});

test('each CPU has a cache line of its own, which begins with its total', () => {
  assert.equal(CounterLimit.CounterCpus, 1024);
  const { lost, told, untracked, bytes } = CpuCountersLayout;
  assert.deepEqual([lost, told, untracked, bytes], [0, 8, 16, 64]);
});
