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

/** Events of one skb unless they say otherwise, a microsecond apart. */
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

const release = ['skb_release_head_state', 'tcp_wfree', 'skb_release_data', 'kfree_skbmem'];

test('a dropped packet is one trajectory with its reason, and the reused address another', () => {
  const first = [
    'ip_local_out',
    'nf_hook_slow',
    'sk_skb_reason_drop',
    `!${NETFILTER_DROP}`,
    '__kfree_skb',
    ...release,
  ];
  const store = capture([...first, 'ip_rcv', 'tcp_v4_rcv']);
  const { trajectories } = store;
  assert.deepEqual(lives(store), [first.map((name) => name.replace(/^!.*/, '!')), ['ip_rcv', 'tcp_v4_rcv']]);
  assert.equal(trajectories.end(0), 'dropped');
  assert.equal(trajectories.dropReason(0), 'NETFILTER_DROP');
  assert.equal(trajectories.functionCount(0), first.length - 1);
  assert.equal(trajectories.duration(0), (first.length - 1) * 1000);
  assert.equal(trajectories.end(1), 'alive');
  assert.equal(trajectories.dropReason(1), undefined);
});

test('interleaved packets are kept apart and read in any order', () => {
  const a = kernelAddress(0x8880_0000_1000);
  const b = kernelAddress(0x8880_0000_2000);
  const store = capture([
    { name: 'f0', skb: a },
    { name: 'f1', skb: b },
    { name: 'f2', skb: a },
    { name: 'f3', skb: b },
    { name: 'f4', skb: a },
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

test('a reason that means "not dropped" is a free', () => {
  const { trajectories } = capture(['ip_rcv', `!${CONSUMED}`, 'kfree_skbmem']);
  assert.equal(trajectories.end(0), 'freed');
});

test('without reasons (kernels before 5.17) a drop is a drop', () => {
  const store = new ColumnStore();
  store.setSymbols(new Symbols(attached([])));
  store.append(batch([{ kind: 'drop', dropReason: 0 }]));
  assert.equal(store.trajectories.end(0), 'dropped');
  assert.equal(store.trajectories.dropReason(0), undefined);
});

test('every way in which a shell is given back ends a life', () => {
  for (const last of [
    ['kfree_skbmem'],
    ['napi_skb_cache_put'],
    ['skb_release_head_state', 'skb_release_data'],
    ['skb_release_head_state', 'sock_rfree', 'skb_release_data', 'skb_free_head'],
    ['kfree_skb_add_bulk', '__kfree_skb', 'skb_release_all', 'skb_release_head_state', 'skb_release_data'],
    ['skb_release_head_state'], // kfree_skb_partial with a stolen head
    ['napi_skb_free_stolen_head', 'napi_skb_cache_put'],
    ['__consume_stateless_skb', 'skb_release_data', 'kfree_skbmem'],
    ['skb_release_data.isra.0'],
  ]) {
    const store = capture(['ip_rcv', ...last, 'ip_output']);
    assert.deepEqual(lives(store), [['ip_rcv', ...last], ['ip_output']]);
    assert.equal(store.trajectories.end(0), 'freed');
  }
});

test('a second release is a second life, even with nothing seen in between', () => {
  const store = capture([...release, ...release]);
  assert.deepEqual(lives(store), [release, release]);
});

test('a living skb that changes its data stays one trajectory', () => {
  for (const steps of [
    ['pskb_expand_head', 'skb_release_data'],
    ['pskb_expand_head', 'skb_free_head', 'skb_pp_recycle'],
    ['pskb_carve_inside_header', 'skb_release_data'],
    [
      'skb_morph',
      'skb_release_all',
      'skb_release_head_state',
      'sock_wfree',
      'skb_release_data',
      'skb_free_head',
    ],
    ['tcp_wfree'], // orphaned
    ['skb_free_head'],
  ]) {
    const store = capture(['ip_rcv', ...steps, 'ip_output']);
    assert.deepEqual(lives(store), [['ip_rcv', ...steps, 'ip_output']]);
    assert.equal(store.trajectories.end(0), 'alive');
  }
});

test('an expanded skb can be freed like any other', () => {
  const store = capture(['pskb_expand_head', 'skb_free_head', ...release, 'ip_rcv']);
  assert.deepEqual(lives(store), [['pskb_expand_head', 'skb_free_head', ...release], ['ip_rcv']]);
});

test('another head is another packet when the time between is long, or events were lost', () => {
  const other = { name: 'ip_rcv', head: kernelAddress(0x8880_0000_f000) };
  const late = { timestamp: 60_000_000_000n };
  assert.equal(lives(capture(['ip_rcv', other])).length, 1);
  assert.equal(lives(capture(['ip_rcv', { ...other, ...late }])).length, 2);
  assert.equal(lives(capture(['ip_rcv', { ...other, lostBefore: 3 }])).length, 2);
  assert.equal(lives(capture(['ip_rcv', { name: 'ip_output', ...late }])).length, 1, 'the same head');
});

test('another head within a release is another packet', () => {
  const store = capture([
    'skb_release_head_state',
    { name: 'skb_release_data', head: kernelAddress(0x8880_0000_f000) },
  ]);
  assert.equal(lives(store).length, 2);
});

test('tables grow with the number of packets', () => {
  const count = 5000;
  const steps = Array.from({ length: count }, (_, i) => ({
    name: 'ip_rcv',
    skb: kernelAddress(0x8880_0000_0000 + i * 256),
  }));
  const store = capture([...steps, ...steps.map((step) => ({ ...step, name: 'kfree_skbmem' }))]);
  const { trajectories } = store;
  assert.equal(trajectories.length, count);
  for (let id = 0; id < count; id++) {
    assert.deepEqual([trajectories.event(id, 0), trajectories.event(id, 1)], [id, count + id]);
    assert.equal(trajectories.end(id), 'freed');
  }
});
