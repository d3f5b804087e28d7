import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../../build/paths.ts';
import { possibleCpus, sumLoss } from '../../../../remote-agent/events/loss-counters.ts';

test('the totals of all CPUs are summed, and what was told is not', () => {
  const counters = new BigUint64Array(3 * 8);
  counters.set([5n, 4n], 0);
  counters.set([2n ** 33n, 1n], 8);
  counters.set([1n, 1n], 16);
  assert.equal(sumLoss(new Uint32Array(counters.buffer)), 2 ** 33 + 6);
});

test('the counters are laid out as bpf/events/loss.h has them', () => {
  const source = readFileSync(join(repoRoot, 'bpf/events/loss.h'), 'utf8');
  assert.match(source, /#define LOSS_CPUS 1024\n/);
  assert.match(source, /struct cpu_loss \{\n\t__u64 total;[^}]*\} __attribute__\(\(aligned\(64\)\)\);/);
});

test('the number of counters that can be in use', () => {
  assert.equal(possibleCpus('0-3\n'), 4);
  assert.equal(possibleCpus('0\n'), 1);
  assert.equal(possibleCpus('0,2-127\n'), 128);
});
