import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelAddressOf } from '../../../../common/kernel-address.ts';
import { plannedAt } from '../../../../remote-agent/modes/count.ts';

const functions = [0xffffffff81000000n, 0xffffffff81000040n, 0xffffffffc0000000n].map((address, index) => ({
  address,
  name: `f${index}`,
  module: '',
  argument: 1 as const,
  program: 1,
}));
const at = (address: bigint) => plannedAt(functions, kernelAddressOf(address)).name;

test('a probe belongs to the function that begins there or last before it', () => {
  assert.equal(at(0xffffffff81000000n), 'f0');
  assert.equal(at(0xffffffff81000005n), 'f0');
  assert.equal(at(0xffffffff81000040n), 'f1');
  assert.equal(at(0xffffffff81000045n), 'f1');
  assert.equal(at(0xffffffffc0000009n), 'f2');
});
