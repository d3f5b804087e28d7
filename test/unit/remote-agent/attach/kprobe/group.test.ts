import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { newGroup, staleGroups } from '../../../../../remote-agent/attach/kprobe/group.ts';

const define = (group: string, event = 'a1') => `p:${group}/${event} 0x0000000012345678 i=\\1:u32\n`;

test('a group of this process is not stale, and each is another', () => {
  const [first, second] = [newGroup(), newGroup()];
  assert.notEqual(first, second);
  assert.deepEqual(staleGroups(define(first) + define(second)), []);
});

test('a group is stale when its process is gone, or another has its pid now', () => {
  const running = new Map([[10, 100]]);
  const text =
    define('kpt_10_100_1') + define('kpt_10_99_1') + define('kpt_11_100_2') + define('kpt_11_100_2', 'a2');
  assert.deepEqual(
    staleGroups(text, (pid) => running.get(pid)),
    ['kpt_10_99_1', 'kpt_11_100_2'],
  );
});

test('a process that has ended is noticed', () => {
  const { pid } = spawnSync('/bin/true');
  assert.deepEqual(staleGroups(define(`kpt_${pid}_1_1`)), [`kpt_${pid}_1_1`]);
});

test('events of others are none of our business', () => {
  const text = define('kprobes') + define('kpt_foo_1_1') + define('xkpt_1_1_1') + 'r:kpt_1_1_1/a1 0x1\n';
  assert.deepEqual(
    staleGroups(text, () => undefined),
    [],
  );
});
