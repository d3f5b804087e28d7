import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kprobeOffsets } from '../../../../../remote-agent/attach/kprobe/entry.ts';

const ADDRESS = 0xffffffff81000000n;
const NOP5 = [0x0f, 0x1f, 0x44, 0x00, 0x00];
const CALL = [0xe8, 0x12, 0x34, 0x56, 0x78];
const ENDBR64 = [0xf3, 0x0f, 0x1e, 0xfa];
const SEALED = [0x66, 0x0f, 0x1f, 0x00];
const PUSHES = [0x55, 0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54];

const offsets = (...code: number[][]) =>
  kprobeOffsets('x64', { address: ADDRESS }, Uint8Array.from([...code.flat(), ...PUSHES]).subarray(0, 9));

test('behind ftrace’s call, whether it is a no-op now or traced by someone', () => {
  assert.deepEqual(offsets(NOP5), [5, 0]);
  assert.deepEqual(offsets(CALL), [5, 0]);
});

test('behind endbr64 and ftrace’s call, also where the kernel sealed the endbr64', () => {
  assert.deepEqual(offsets(ENDBR64, NOP5), [9, 0]);
  assert.deepEqual(offsets(ENDBR64, CALL), [9, 0]);
  assert.deepEqual(offsets(SEALED, NOP5), [9, 0]);
});

test('at the address itself where other code stands, for behind it arguments may be gone', () => {
  assert.deepEqual(offsets(PUSHES), [0]);
  assert.deepEqual(offsets(PUSHES.slice(0, 4), NOP5), [0]);
  assert.deepEqual(offsets(ENDBR64, PUSHES), [0]);
});

test('from the place of ftrace’s call where the kernel tells it', () => {
  const at = (location: bigint) => kprobeOffsets('x64', { address: ADDRESS, location }, undefined);
  assert.deepEqual(at(ADDRESS), [5, 0]);
  assert.deepEqual(at(ADDRESS + 4n), [9, 0]);
});

test('without any knowledge: what the kernel checks itself', () => {
  assert.deepEqual(kprobeOffsets('x64', { address: ADDRESS }, undefined), [5, 0]);
});

test('arm64 has no such call', () => {
  assert.deepEqual(kprobeOffsets('arm64', { address: ADDRESS, location: ADDRESS + 4n }, undefined), [0]);
});
