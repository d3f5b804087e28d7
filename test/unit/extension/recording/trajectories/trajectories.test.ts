import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnStore } from '../../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../../extension/recording/symbols.ts';
import {
  attached,
  batch,
  functionAddress,
  kernelAddress,
  type TestEvent,
} from '../../../../support/agent/records.ts';

const NETFILTER_DROP = 6;
const CONSUMED = 1;
const dropReasons = [
  { value: CONSUMED, name: 'CONSUMED' },
  { value: NETFILTER_DROP, name: 'NETFILTER_DROP' },
];

interface Step extends TestEvent {
  /** Function name; `!N` is a drop with reason N. */
  name: string;
}

/** Events of one life unless they say otherwise, a microsecond apart. */
function capture(steps: readonly (string | Step)[]): ColumnStore {
  const all = steps.map((step) => (typeof step === 'string' ? { name: step } : step));
  const names = [...new Set(all.map(({ name }) => name))];
  const store = new ColumnStore();
  store.setSymbols(new Symbols(attached(names, { dropReasons })));
  const events = all.map(({ name, ...event }, i): TestEvent => {
    const timestamp = BigInt(i) * 1000n;
    if (name.startsWith('!')) return { timestamp, kind: 'drop', dropReason: Number(name.slice(1)), ...event };
    return { timestamp, address: kernelAddress(functionAddress(names.indexOf(name))), ...event };
  });
  store.append(batch(events));
  return store;
}

/** Function names of each trajectory. */
function lives(store: ColumnStore): string[][] {
  const { trajectories } = store;
  return Array.from({ length: trajectories.length }, (_, id) =>
    Array.from({ length: trajectories.eventCount(id) }, (_, nth) => {
      const event = trajectories.event(id, nth);
      return store.kind(event) === 'drop' ? '!' : store.functionName(event);
    }),
  );
}

/** The end of each trajectory. */
function ends({ trajectories }: ColumnStore): string[] {
  return Array.from({ length: trajectories.length }, (_, id) => trajectories.end(id));
}

test('a dropped packet is one trajectory with its reason, and the next life at its address another', () => {
  const first = [
    'ip_local_out',
    'nf_hook_slow',
    'sk_skb_reason_drop',
    `!${NETFILTER_DROP}`,
    'skb_release_data',
  ];
  const store = capture([
    ...first,
    { name: 'kfree_skbmem', ends: true },
    { name: 'ip_rcv', life: 2 },
    { name: 'tcp_v4_rcv', life: 2 },
  ]);
  const { trajectories } = store;
  assert.deepEqual(lives(store), [
    [...first.map((name) => name.replace(/^!.*/, '!')), 'kfree_skbmem'],
    ['ip_rcv', 'tcp_v4_rcv'],
  ]);
  assert.equal(trajectories.end(0), 'dropped');
  assert.equal(trajectories.dropReason(0), 'NETFILTER_DROP');
  assert.equal(trajectories.functionCount(0), first.length);
  assert.equal(trajectories.duration(0), first.length * 1000);
  assert.equal(trajectories.end(1), 'alive');
  assert.equal(trajectories.dropReason(1), undefined);
});

test('interleaved packets are kept apart and read in any order', () => {
  const store = capture([
    { name: 'f0', life: 7 },
    { name: 'f1', life: 9 },
    { name: 'f2', life: 7 },
    { name: 'f3', life: 9 },
    { name: 'f4', life: 7 },
  ]);
  const { trajectories } = store;
  assert.deepEqual(lives(store), [
    ['f0', 'f2', 'f4'],
    ['f1', 'f3'],
  ]);
  assert.deepEqual(
    [2, 1, 0, 1].map((nth) => trajectories.event(0, nth)),
    [4, 2, 0, 2],
  );
  assert.equal(trajectories.event(1, 0), 1);
  assert.throws(() => trajectories.event(1, 2), RangeError);
  assert.throws(() => trajectories.eventCount(2), RangeError);
});

test('a reason that means "not dropped" is no drop', () => {
  const store = capture(['ip_rcv', `!${CONSUMED}`, { name: 'kfree_skbmem', ends: true }]);
  assert.deepEqual(ends(store), ['consumed']);
});

test('without reasons (kernels before 5.17) a drop is a drop', () => {
  const store = new ColumnStore();
  store.setSymbols(new Symbols(attached([])));
  store.append(batch([{ kind: 'drop', dropReason: 0 }]));
  assert.equal(store.trajectories.end(0), 'dropped');
  assert.equal(store.trajectories.dropReason(0), undefined);
});

test('an end is told by where the packet got to before it was released', () => {
  for (const [end, ...steps] of [
    ['delivered', 'ip_rcv', '__udp_enqueue_schedule_skb'],
    ['delivered', 'tcp_queue_rcv.isra.0'],
    ['transmitted', 'ip_output', 'dev_hard_start_xmit'],
    ['consumed', 'ip_output', 'dev_hard_start_xmit', 'loopback_xmit', '__netif_rx', 'icmp_rcv'],
    ['consumed', 'ip_rcv', 'icmp_echo'],
  ] as const) {
    const store = capture([...steps, { name: 'kfree_skbmem', ends: true }]);
    assert.deepEqual(ends(store), [end], steps.join());
  }
});

test('what a socket has is delivered while it waits to be read; the rest is alive until it is released', () => {
  assert.deepEqual(ends(capture(['ip_rcv', '__udp_enqueue_schedule_skb'])), ['delivered']);
  assert.deepEqual(ends(capture(['ip_output', 'dev_hard_start_xmit'])), ['alive']);
});

test('an end may be told twice, and a step after it belongs to the life that it names', () => {
  const store = capture([
    'ip_rcv',
    { name: 'skb_release_data', ends: true },
    { name: 'kfree_skbmem', ends: true },
    { name: 'ip_rcv', life: 2 },
  ]);
  assert.deepEqual(lives(store), [['ip_rcv', 'skb_release_data', 'kfree_skbmem'], ['ip_rcv']]);
  assert.deepEqual(ends(store), ['consumed', 'alive']);
});

test('events that are no steps end a life and are not shown', () => {
  const store = capture(['ip_rcv', { name: 'kfree_skbmem', ends: true, quiet: true }]);
  assert.deepEqual(lives(store), [['ip_rcv']]);
  assert.deepEqual(ends(store), ['consumed']);
  assert.equal(store.length, 1);
});

test('a copy is a child, and the two are one story with one outcome', () => {
  const store = capture([
    { name: 'icmp_rcv', life: 1 },
    { name: '__copy_skb_header', life: 2, parent: 1, kind: 'copy' },
    { name: '__sock_queue_rcv_skb', life: 2 },
    { name: `!${NETFILTER_DROP}`, life: 1 },
    { name: 'kfree_skbmem', life: 1, ends: true },
    { name: '__copy_skb_header', life: 3, parent: 2, kind: 'copy' },
    { name: 'ip_rcv', life: 4 },
  ]);
  const { trajectories } = store;
  assert.deepEqual(ends(store), ['dropped', 'delivered', 'alive', 'alive']);
  assert.deepEqual([trajectories.children(0), trajectories.children(1)], [[1], [2]]);
  assert.deepEqual([trajectories.parent(1), trajectories.parent(0)], [0, undefined]);
  assert.deepEqual(
    [0, 1, 2, 3].map((id) => trajectories.root(id)),
    [0, 0, 0, 3],
  );
  // What is left of a packet that a socket has a copy of is no drop.
  assert.deepEqual([trajectories.outcome(0), trajectories.outcomeReason(0)], ['delivered', undefined]);
  assert.equal(store.edge(trajectories.event(1, 0)), 'copy');
});

test('a story is dropped when no part of it got anywhere', () => {
  const { trajectories } = capture([
    { name: 'ip_output', life: 1 },
    { name: '__copy_skb_header', life: 2, parent: 1, kind: 'copy' },
    { name: `!${NETFILTER_DROP}`, life: 2 },
    { name: 'kfree_skbmem', life: 1, ends: true },
  ]);
  assert.deepEqual([trajectories.outcome(0), trajectories.outcomeReason(0)], ['dropped', 'NETFILTER_DROP']);
});

test('a fragment that is released with its datagram is no drop', () => {
  const reasons = [...dropReasons, { value: 2, name: 'NOT_SPECIFIED' }];
  const store = new ColumnStore();
  const symbols = new Symbols(attached(['ip_rcv'], { dropReasons: reasons }));
  const address = kernelAddress(functionAddress(9));
  symbols.addLocations([
    { address: Number(address), name: 'skb_release_data', start: Number(address), module: '' },
  ]);
  store.setSymbols(symbols);
  store.append(batch([{ kind: 'drop', dropReason: 2, address, ends: true }]));
  assert.deepEqual(ends(store), ['consumed']);
});

test('a merged packet ends in the one that took it', () => {
  const store = capture([
    { name: 'inet_gro_receive', life: 1 },
    { name: 'inet_gro_receive', life: 2 },
    { name: 'skb_gro_receive', life: 2, kind: 'merge', into: 1 },
    { name: 'napi_skb_cache_put', life: 2, ends: true },
  ]);
  assert.deepEqual(ends(store), ['alive', 'merged']);
});

test('a life whose begin was lost is one trajectory, whatever comes first', () => {
  const store = capture([
    { name: 'tcp_v4_rcv', life: 5 },
    { name: 'kfree_skbmem', life: 5, ends: true },
  ]);
  assert.deepEqual(lives(store), [['tcp_v4_rcv', 'kfree_skbmem']]);
});

test('each event that could not be followed is alone, and its end unknown', () => {
  const store = capture([
    { name: 'ip_rcv', life: 0 },
    { name: 'ip_output', life: 0 },
  ]);
  assert.deepEqual(ends(store), ['unknown', 'unknown']);
});

test('lost events are told where the next one of their CPU arrived', () => {
  const store = capture([
    { name: 'a', cpu: 1, lostTotal: 3 },
    { name: 'b', cpu: 0 },
    { name: 'c', cpu: 1, lostTotal: 5 },
    { name: 'd', cpu: 0, lostTotal: 1 },
  ]);
  assert.deepEqual(
    [0, 1, 2, 3].map((event) => store.lostBefore(event)),
    [3, 0, 2, 1],
  );
});

test('tables grow with the number of packets', () => {
  const count = 5000;
  const steps = Array.from({ length: count }, (_, i) => ({ name: 'ip_rcv', life: i + 1 }));
  const store = capture([...steps, ...steps.map(({ life }) => ({ life, name: 'kfree_skbmem', ends: true }))]);
  const { trajectories } = store;
  assert.equal(trajectories.length, count);
  for (let id = 0; id < count; id++) {
    assert.deepEqual([trajectories.event(id, 0), trajectories.event(id, 1)], [id, count + id]);
    assert.equal(trajectories.end(id), 'consumed');
  }
});
