import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  copyRow,
  formatDuration,
  markdownCode,
  pauseRow,
  stepRow,
  stepTooltip,
  storyRow,
  trajectoryTooltip,
} from '../../../../../extension/vscode/trajectories/rows.ts';
import { FakeCapture, type FakeStep, TUPLE } from '../../../../support/agent/fake-capture.ts';

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

test('a pause: how long and why, for the ear too', () => {
  const pause = { why: 'silence', from: 0n, to: 12_300_000_000n, next: 0 } as const;
  const row = pauseRow(pause);
  assert.equal(row.label, 'Paused for 12.3 s');
  assert.equal(row.description, 'the target heard nothing from here; packets were not seen');
  assert.equal(row.spoken, `${row.label}, ${row.description}`);
  assert.equal(pauseRow({ ...pause, to: undefined }).label, 'Paused');
});

test('a dropped packet: who, to whom, which, what became of it', () => {
  const row = storyRow(new FakeCapture([dropped.map((step) => ({ ...step, tcpFlags: 2 }))]), 0);
  assert.equal(row.label, 'curl → 1.1.1.1:80 SYN');
  assert.equal(row.description, 'dropped: NETFILTER_DROP · 3 functions · 1.24 ms');
  assert.equal(row.icon.id, 'error');
  assert.equal(row.spoken, 'curl → 1.1.1.1:80 SYN, dropped: NETFILTER_DROP, 3 functions, 1.24 ms');
});

test('the ends differ in icon and words, not only in colour', () => {
  const ends = ['dropped', 'delivered', 'transmitted', 'consumed', 'merged', 'alive', 'unknown'] as const;
  const capture = new FakeCapture(
    ends.map(() => freed),
    Object.fromEntries(ends.map((end, id) => [id, { end }])),
  );
  const rows = ends.map((_, id) => storyRow(capture, id));
  assert.equal(new Set(rows.map(({ icon }) => icon.id)).size, ends.length);
  assert.equal(new Set(rows.map(({ spoken }) => spoken)).size, ends.length);
  assert.deepEqual(
    rows.map(({ description }) => description.split(' · ')[0]),
    [
      'dropped',
      'delivered',
      'transmitted',
      'consumed',
      'merged into another packet',
      'still alive',
      'not followed to its end',
    ],
  );
  const one = new FakeCapture([freed, alive]);
  assert.match(storyRow(one, 0).spoken, /, consumed, 1 function, 0 ns$/);
  assert.match(storyRow(one, 1).spoken, /, still alive, 2 functions, 10 ns$/);
});

test('a kernel without drop reasons: dropped all the same', () => {
  const capture = new FakeCapture([[{ name: 'kfree_skb', time: 0, drop: true }]]);
  const row = storyRow(capture, 0);
  assert.equal(row.icon.id, 'error');
  assert.match(row.description, /^dropped · /);
  assert.equal(stepRow(capture, 0, 0).label, 'dropped: no reason given at kfree_skb+0x1a');
});

test('a packet that is not IP is named by its protocol', () => {
  const arp = { name: 'arp_rcv', time: 0, tuple: undefined as never, comm: 'swapper/0' };
  const capture = new FakeCapture([[arp], [{ ...arp, protocol: 0x0806 }]]);
  assert.equal(storyRow(capture, 0).label, 'eth0: protocol 0x0800');
  assert.equal(storyRow(capture, 1).label, 'eth0: ARP');
});

test('the sender is the process that sends, or the address it came from', () => {
  const label = (...steps: Partial<FakeStep>[]) =>
    storyRow(new FakeCapture([steps.map((step, time) => ({ name: 'f', time, tcpFlags: 18, ...step }))]), 0)
      .label;
  assert.equal(label({ name: 'ip_local_out', ifindex: 0 }, { name: 'ip_rcv' }), 'curl → 1.1.1.1:80 SYN ACK');
  assert.equal(label({ name: '__tcp_transmit_skb' }), 'curl → 1.1.1.1:80 SYN ACK');
  // On the way in some process runs, which has nothing to do with it.
  for (const name of [
    'ip_rcv',
    '__netif_receive_skb_core',
    'tcp4_gro_receive',
    'tcp_v4_rcv',
    'eth_type_trans',
  ])
    assert.equal(label({ name }, { name: 'ip_output' }), '10.0.2.15 → 1.1.1.1:80 SYN ACK', name);
  assert.equal(label({ name: 'skb_put' }, { name: 'ip_rcv' }), '10.0.2.15 → 1.1.1.1:80 SYN ACK');
  // The idle task sends nothing of its own.
  assert.equal(label({ name: 'ip_local_out', pid: 0, comm: 'swapper/1' }), '10.0.2.15 → 1.1.1.1:80 SYN ACK');
});

test('flags in words, other protocols by name, IPv6 addresses as such', () => {
  const label = (tuple: string, tcpFlags = 0) =>
    storyRow(new FakeCapture([[{ name: 'ip_local_out', time: 0, tuple, tcpFlags, comm: 'p' }]]), 0).label;
  assert.equal(label(TUPLE, 24), 'p → 1.1.1.1:80 PSH ACK');
  assert.equal(label(TUPLE, 17), 'p → 1.1.1.1:80 FIN ACK');
  assert.equal(label(TUPLE, 0xc2), 'p → 1.1.1.1:80 SYN ECE CWR');
  assert.equal(label(TUPLE), 'p → 1.1.1.1:80 tcp');
  assert.equal(label('10.0.0.1:5->8.8.8.8:53(udp)'), 'p → 8.8.8.8:53 udp');
  assert.equal(label('10.0.0.1:0->1.1.1.1:0(icmp)'), 'p → 1.1.1.1 icmp');
  assert.equal(label('10.0.0.1:0->1.1.1.1:0(253)'), 'p → 1.1.1.1 protocol 253');
  assert.equal(label('[fd00::1]:5->[fd00::2]:53(udp)'), 'p → [fd00::2]:53 udp');
  assert.equal(label('[fd00::1]:0->[fd00::2]:0(icmp6)'), 'p → fd00::2 icmp6');
});

/** A TCP socket's skb has no headers; its copies are sent, here the second one by a timer. */
const original = [{ name: 'tcp_ack', time: 9000, comm: 'swapper/0', pid: 0, tuple: undefined as never }];
const sent = (time: number, more: Partial<FakeStep> = {}): FakeStep[] => [
  { name: '__copy_skb_header', time, edge: 'copy', tuple: undefined as never, ...more },
  { name: 'ip_local_out', time: time + 10, tcpFlags: 2, ...more, tuple: TUPLE },
];

test('retransmissions are tries of one packet, sent by who sent it first', () => {
  const capture = new FakeCapture([sent(0), original, sent(2000, { comm: 'node', pid: 7 })], {
    0: { parent: 1, end: 'dropped' },
    1: { end: 'consumed' },
    2: { parent: 1, end: 'transmitted' },
  });
  const row = storyRow(capture, 1);
  assert.equal(row.label, 'curl → 1.1.1.1:80 SYN, 2 tries');
  assert.equal(row.description, 'transmitted · 5 functions · 9.00 µs');
  assert.equal(copyRow(capture, 0).label, 'try 1: curl → 1.1.1.1:80 SYN');
  assert.equal(copyRow(capture, 0).description, 'dropped · 2 functions · 10 ns');
  assert.equal(copyRow(capture, 2).label, 'try 2: curl → 1.1.1.1:80 SYN');
  assert.match(trajectoryTooltip(capture, 1), /Process \| `curl \(42\)`/);
  assert.match(trajectoryTooltip(capture, 1), /End \| `transmitted`/);
  assert.match(trajectoryTooltip(capture, 1), /Of the original \| `consumed`/);
  assert.match(trajectoryTooltip(capture, 1), /Copies \| `2`/);
});

test('what is copied for others is no try, and a fragment is called one', () => {
  const tap = [{ name: 'skb_clone', time: 5, edge: 'copy' as const, tcpFlags: 16 }];
  const packet = [{ name: 'ip_local_out', time: 0, tcpFlags: 16 }];
  const fragment = [{ name: 'ip_copy_metadata', time: 5, edge: 'copy' as const, tcpFlags: 16 }];
  const capture = new FakeCapture([packet, tap, tap, fragment], {
    0: { end: 'transmitted' },
    1: { parent: 0 },
    2: { parent: 0 },
    3: { parent: 0 },
  });
  assert.equal(storyRow(capture, 0).label, 'curl → 1.1.1.1:80 ACK');
  assert.equal(copyRow(capture, 1).label, 'copy: curl → 1.1.1.1:80 ACK');
  assert.equal(copyRow(capture, 3).label, 'fragment: curl → 1.1.1.1:80 ACK');
  assert.equal(stepRow(capture, 1, 0).description, 'copied here · +0 ns · CPU 0');
});

test('a drop of what is left over is told with its copy, and is not the outcome', () => {
  const capture = new FakeCapture([dropped, freed], { 1: { parent: 0, end: 'delivered' } });
  assert.match(storyRow(capture, 0).description, /^delivered · 4 functions/);
  assert.match(trajectoryTooltip(capture, 0), /Of the original \| `dropped: NETFILTER_DROP`/);
});

test('a step says what it changed', () => {
  const base = { name: 'f', time: 0 };
  const changed = (before: Partial<FakeStep>, after: Partial<FakeStep>) => {
    const capture = new FakeCapture([
      [
        { ...base, ...before },
        { ...base, ...after },
      ],
    ]);
    assert.equal(stepRow(capture, 0, 0).description, '+0 ns · CPU 0');
    const { description, spoken } = stepRow(capture, 0, 1);
    assert.equal(spoken, `f, ${description.replaceAll(' · ', ', ')}`);
    return description.replace('+0 ns · CPU 0', '').replace(/ · $/, '');
  };
  const packet = '10.244.2.162:4000->1.1.1.1:80(tcp)';
  const at = (tuple: string) => changed({ tuple: packet }, { tuple });
  assert.equal(changed({}, {}), '');
  assert.equal(at('172.19.0.3:4000->1.1.1.1:80(tcp)'), 'changed here: 10.244.2.162 → 172.19.0.3');
  assert.equal(at('172.19.0.3:1->1.1.1.1:80(tcp)'), 'changed here: 10.244.2.162:4000 → 172.19.0.3:1');
  assert.equal(at('10.244.2.162:4000->1.1.1.1:8080(tcp)'), 'changed here: 1.1.1.1:80 → 1.1.1.1:8080');
  assert.equal(
    at('10.0.0.1:1->10.0.0.2:4789(udp)'),
    `changed here: ${packet} → 10.0.0.1:1->10.0.0.2:4789(udp)`,
  );
  assert.equal(changed({ ifindex: 0 }, { ifindex: 3 }), 'changed here: device none → eth0');
  assert.equal(changed({ device: 'a\x1b' }, { device: 'b' }), 'changed here: device a\\x1b → b');
  assert.equal(
    changed({ mark: 0, length: 60 }, { mark: 0x4000, length: 74 }),
    'changed here: mark 0x0 → 0x4000, length 60 → 74',
  );
  // Headers that are not filled in yet are no change.
  assert.equal(changed({ tuple: undefined as never }, {}), '');
  const capture = new FakeCapture([[base, { ...base, mark: 1 }]]);
  assert.match(stepTooltip(capture, 0, 1), /Changed here \| `mark 0x0 → 0x1`/);
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

test('no process name ends its cell, or takes the next one into its code', () => {
  for (const [comm, cell] of [
    ['[a](//b.c)\\|', '`[a](//b.c)\\\\x7c (42)`'],
    ['a|b||c', '`a\\|b\\|\\|c (42)`'],
    ['\\\\|', '`\\\\\\x7c (42)`'],
    ['', '` (42)`'],
  ]) {
    const text = trajectoryTooltip(new FakeCapture([[{ name: 'ip_rcv', time: 0, comm: comm!, pid: 42 }]]), 0);
    assert.equal(
      text.split('\n').find((line) => line.includes('rocess |')),
      `| Process | ${cell} |`,
    );
  }
  assert.equal(markdownCode('a|b'), '`a|b`', 'outside of a table there is nothing to escape');
  assert.equal(markdownCode(''), '` `');
});

test('no name of the target reaches a row as it is', () => {
  const hostile = '\x1b[8m\u202e';
  const steps = [
    { name: `f${hostile}`, time: 0, comm: hostile, module: hostile },
    { name: 'g', time: 1, comm: hostile, device: hostile, reason: hostile },
  ];
  const capture = new FakeCapture([
    steps,
    [{ name: 'ip_rcv', time: 0, tuple: undefined as never, device: hostile }],
  ]);
  const texts = [0, 1].flatMap((id) => {
    const { label, description, spoken } = storyRow(capture, id);
    return [label, description, spoken, trajectoryTooltip(capture, id)];
  });
  for (const nth of [0, 1]) {
    const { label, description, spoken } = stepRow(capture, 0, nth);
    texts.push(label, description, spoken, stepTooltip(capture, 0, nth));
  }
  for (const text of texts) assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  assert.ok(texts.some((text) => text.includes('\\x1b[8m\\u{202e}')));
});
