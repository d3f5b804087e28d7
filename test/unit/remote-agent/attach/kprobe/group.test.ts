import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import {
  newGroup,
  ownNamespace,
  type Processes,
  staleGroups,
} from '../../../../../remote-agent/attach/kprobe/group.ts';

const define = (group: string, event = 'a1') => `p:${group}/${event} 0x0000000012345678 i=\\1:u32\n`;

test('a group of this process is not stale, and each is another', () => {
  const [first, second] = [newGroup(), newGroup()];
  assert.notEqual(first, second);
  assert.deepEqual(staleGroups(define(first) + define(second)), []);
});

/** Processes by number with their start times, and the other namespaces that have some. */
const processes = (running: Record<number, number>, alive: number[] = []): Processes => ({
  namespace: 7,
  startTime: (pid) => running[pid],
  isAlive: (namespace) => alive.includes(namespace),
});

test('a group is stale when its process is gone, or another has its pid now', () => {
  const text =
    define('kpt_7_10_100_1') +
    define('kpt_7_10_99_1') +
    define('kpt_7_11_100_2') +
    define('kpt_7_11_100_2', 'a2');
  assert.deepEqual(staleGroups(text, processes({ 10: 100 })), ['kpt_7_10_99_1', 'kpt_7_11_100_2']);
});

test('numbers of another PID namespace are not looked up in ours: its group is stale with the namespace', () => {
  const text = define('kpt_8_10_100_1') + define('kpt_9_10_100_1');
  assert.deepEqual(staleGroups(text, processes({ 10: 1 }, [8])), ['kpt_9_10_100_1']);
});

test('a process that has ended is noticed', () => {
  const { pid } = spawnSync('/bin/true');
  const group = `kpt_${ownNamespace()}_${pid}_1_1`;
  assert.deepEqual(staleGroups(define(group)), [group]);
});

test('events of others are none of our business', () => {
  const text =
    define('kprobes') + define('kpt_7_foo_1_1') + define('xkpt_7_1_1_1') + 'r:kpt_7_1_1_1/a1 0x1\n';
  assert.deepEqual(staleGroups(text, processes({})), []);
});
