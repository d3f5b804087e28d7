import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatDuration,
  stepRow,
  stepTooltip,
  trajectoryRow,
  trajectoryTooltip,
} from '../../../../../extension/vscode/trajectories/rows.ts';
import { FakeCapture, TUPLE } from '../../../../support/agent/fake-capture.ts';

const dropped = [
  { name: 'ip_local_out', time: 5000 },
  { name: 'nf_hook_slow', time: 9800, cpu: 1, module: 'nf_tables' },
  { name: 'nf_hook_slow', time: 9900, cpu: 1, reason: 'NETFILTER_DROP' },
  { name: 'kfree_skbmem', time: 1_245_000 },
];
const freed = [{ name: 'kfree_skbmem', time: 0 }];
const alive = [
  { name: 'ip_rcv', time: 0 },
  { name: 'tcp_v4_rcv', time: 10 },
];

test('durations', () => {
  const cases: [number, string][] = [
    [0, '0 ns'],
    [999, '999 ns'],
    [1000, '1.00 µs'],
    [15_249, '15.2 µs'],
    [999_499, '999 µs'],
    [999_501, '1.00 ms'],
    [1_040_000, '1.04 ms'],
    [999_499_999, '999 ms'],
    [12_000_000_000, '12.0 s'],
    [3_600_000_000_000, '3600 s'],
    [-1500, '−1.50 µs'],
  ];
  for (const [nanoseconds, text] of cases) assert.equal(formatDuration(nanoseconds), text);
});

test('a dropped packet: who, what, why', () => {
  const row = trajectoryRow(new FakeCapture([dropped]), 0);
  assert.equal(row.label, `curl · NETFILTER_DROP · ${TUPLE}`);
  assert.equal(row.description, '3 functions · 1.24 ms');
  assert.equal(row.icon.id, 'error');
  assert.equal(row.spoken, `curl, dropped, NETFILTER_DROP, ${TUPLE}, 3 functions, 1.24 ms`);
});

test('the ends differ in icon and words, not only in colour', () => {
  const capture = new FakeCapture([dropped, freed, alive]);
  const rows = [0, 1, 2].map((id) => trajectoryRow(capture, id));
  assert.equal(new Set(rows.map(({ icon }) => icon.id)).size, 3);
  assert.match(rows[1]?.spoken ?? '', /^curl, freed, .*, 1 function, 0 ns$/);
  assert.match(rows[2]?.spoken ?? '', /^curl, alive, .*, 2 functions, 10 ns$/);
});

test('a kernel without drop reasons: dropped all the same', () => {
  const capture = new FakeCapture([[{ name: 'kfree_skb', time: 0, drop: true }]]);
  const row = trajectoryRow(capture, 0);
  assert.equal(row.icon.id, 'error');
  assert.match(row.label, /^curl · dropped · /);
  assert.equal(stepRow(capture, 0, 0).label, 'dropped: no reason given at kfree_skb+0x1a');
});

test('a packet that is not IP is named by its protocol', () => {
  const capture = new FakeCapture([
    [{ name: 'arp_rcv', time: 0, tuple: undefined as never, comm: 'swapper/0' }],
  ]);
  assert.equal(trajectoryRow(capture, 0).label, 'swapper/0 · protocol 0x0800');
});

test('steps: offset from the first step, CPU, module, drop and loss', () => {
  const capture = new FakeCapture([freed, dropped]);
  assert.deepEqual(
    [0, 1, 2].map((nth) => stepRow(capture, 1, nth)).map(({ label, description }) => [label, description]),
    [
      ['ip_local_out', '+0 ns · CPU 0'],
      ['nf_hook_slow', '+4.80 µs · CPU 1 · nf_tables'],
      ['dropped: NETFILTER_DROP at nf_hook_slow+0x1a', '+4.90 µs · CPU 1'],
    ],
  );
  const gap = new FakeCapture([[{ name: 'ip_rcv', time: 0, lostBefore: 1234 }]]);
  assert.match(stepRow(gap, 0, 0).description, /1,234 lost before$/);
  assert.match(stepTooltip(gap, 0, 0), /1234 events on this CPU/);
});

test('tooltips hold every fact, and no Markdown of a process name', () => {
  const comm = '`|[x](y)\n';
  const capture = new FakeCapture([[{ ...dropped[0]!, comm }, ...dropped.slice(1)]]);
  const text = trajectoryTooltip(capture, 0);
  for (const fact of [TUPLE, 'NETFILTER_DROP', '2026-01-02T03:04:05.000Z', 'eth0 (2)', '1500', '4026531840'])
    assert.ok(text.includes(fact), fact);
  const row = text.split('\n').find((line) => line.includes('Process'));
  assert.equal(row, '| Process | `�\\|[x](y)� (42)` |');
  assert.match(stepTooltip(capture, 0, 2, 'net/netfilter/core.c:5'), /Source \| `net\/netfilter\/core\.c:5`/);
  assert.doesNotMatch(stepTooltip(capture, 0, 2), /Source/);
  assert.match(stepTooltip(capture, 0, 2), /Dropped \| `NETFILTER_DROP`/);
  assert.match(stepTooltip(capture, 0, 1), /Module \| `nf_tables`/);
});
