import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstOnlineCpu, possibleCpus } from '../../../../remote-agent/kernel/cpus.ts';

test('the number of CPUs that there can be', () => {
  assert.equal(possibleCpus('0-3\n'), 4);
  assert.equal(possibleCpus('0\n'), 1);
  assert.equal(possibleCpus('0,2-127\n'), 128);
});

test('the first CPU that runs', () => {
  assert.equal(firstOnlineCpu('0-3\n'), 0);
  assert.equal(firstOnlineCpu('1,3-5\n'), 1);
  assert.equal(firstOnlineCpu('12-15\n'), 12);
});

test('of this machine too', () => {
  assert.ok(possibleCpus() >= 1);
  assert.ok(firstOnlineCpu() < possibleCpus());
});
