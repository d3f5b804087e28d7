import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CountedFunction } from '../../../../../../extension/recording/capture.ts';
import {
  heatLevel,
  heatText,
  latestPackets,
  countText,
} from '../../../../../../extension/vscode/source/functions/count-texts.ts';
import { FakeCapture } from '../../../../../support/agent/fake-capture.ts';

const passed = (packets: number, dropped = 0, module = ''): CountedFunction => ({
  name: 'nf_hook_slow',
  module,
  number: 0,
  packets,
  dropped,
});

test('the line above a function', () => {
  assert.equal(countText(passed(1)), '1 packet');
  assert.equal(countText(passed(128, 3)), '128 packets, 3 dropped here');
  assert.equal(countText(passed(1_234_567)), '1,234,567 packets');
  assert.equal(countText(passed(2, 0, 'x'), true), '2 packets (x)');
  assert.equal(countText(passed(2), true), '2 packets (vmlinux)');
});

test('heat grows with the share of all packets', () => {
  const levels = [1, 9, 10, 99, 100, 499, 500, 1000].map((packets) => heatLevel(packets, 1000));
  assert.deepEqual(levels, [1, 1, 2, 2, 3, 3, 4, 4]);
  assert.equal(heatLevel(0, 0), 1);
});

test('heat in words, so that no colour is needed', () => {
  assert.equal(
    heatText(passed(128, 3), 200),
    '128 of 200 packets (64 %) passed nf_hook_slow, 3 were dropped here',
  );
  assert.equal(
    heatText(passed(1, 1), 1000),
    '1 of 1,000 packets (0.1 %) passed nf_hook_slow, 1 was dropped here',
  );
});

test('the last packets: time, link, packet, process and drop; what a process calls itself stays text', () => {
  const capture = new FakeCapture([
    [{ name: 'nf_hook_slow', time: 0, comm: 'a`](command:x)' }],
    [{ name: 'nf_hook_slow', time: 0, reason: 'NETFILTER_DROP' }],
  ]);
  capture.functionCounts.latest = () => [1, 0];
  const lines = latestPackets(capture, passed(2, 1), (event) => `link:${event}`).split('\n');
  assert.equal(
    lines[0],
    '- [03:04:05.000](link:1) `10.0.2.15:48522->1.1.1.1:80(tcp)` `curl`, dropped: `NETFILTER_DROP`',
  );
  assert.match(lines[1] ?? '', /link:0.* `a�\]\(command:x\)`$/);
});
