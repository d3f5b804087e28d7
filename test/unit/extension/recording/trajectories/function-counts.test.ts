import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnStore } from '../../../../../extension/recording/event-store.ts';
import type { CountedFunction } from '../../../../../extension/recording/capture.ts';
import { Symbols } from '../../../../../extension/recording/symbols.ts';
import { TrajectoriesThrough } from '../../../../../extension/recording/trajectories/trajectories-through.ts';
import { batch, functionAddress, kernelAddress, type TestEvent } from '../../../../support/agent/records.ts';

const NAMES = ['ip_rcv', 'nf_hook_slow', 'nf_hook_slow.part.0', 'x_rcv', 'x_rcv', 'kfree_skbmem'];
const MODULES: Record<number, string> = { 4: 'xmod' };
const DROP_AT = functionAddress(1) + 0x40;

const KINDS = [
  { value: 1, name: 'CONSUMED' },
  { value: 6, name: 'NETFILTER_DROP' },
];

/** A store that knows NAMES and the drop location in nf_hook_slow. */
function store(): ColumnStore {
  const made = new ColumnStore();
  const functions = NAMES.map((name, nth) => ({
    address: functionAddress(nth),
    name,
    module: MODULES[nth] ?? '',
    argument: 1,
  }));
  const symbols = new Symbols({ functions, dropReasons: KINDS });
  symbols.addLocations([{ address: DROP_AT, start: functionAddress(1), name: 'nf_hook_slow', module: '' }]);
  made.setSymbols(symbols);
  return made;
}

/** Packet `packet` hits the nth function. */
function hit(packet: number, nth: number): TestEvent {
  const skb = kernelAddress(0x8880_0000_0000 + packet * 0x1000);
  return { skb, head: skb + 0x100n, address: kernelAddress(functionAddress(nth)) };
}

function drop(packet: number, dropReason = 6): TestEvent {
  return { ...hit(packet, 0), kind: 'drop', dropReason, address: kernelAddress(DROP_AT) };
}

const counts = (functions: readonly CountedFunction[]) =>
  functions.map(({ module, packets, dropped }) => [module, packets, dropped]);

test('a packet counts once for a function, however often and in whatever order packets pass it', () => {
  const made = store();
  // Packet 0 comes first and reaches ip_rcv after packets 1 and 2 did; then it passes it again and again.
  made.append(
    batch([hit(0, 3), hit(1, 0), hit(2, 0), hit(0, 0), hit(0, 0), hit(1, 0), hit(2, 0), hit(0, 0)]),
  );
  assert.equal(made.trajectories.length, 3);
  assert.deepEqual(counts(made.functionCounts.of('ip_rcv')), [['', 3, 0]]);
});

test('copies that the compiler made are one function, functions of two modules are two', () => {
  const made = store();
  made.append(batch([hit(0, 1), hit(0, 2), hit(1, 2), hit(2, 3), hit(2, 4), hit(3, 4)]));
  assert.deepEqual(counts(made.functionCounts.of('nf_hook_slow')), [['', 2, 0]]);
  assert.deepEqual(counts(made.functionCounts.of('x_rcv')), [
    ['', 1, 0],
    ['xmod', 2, 0],
  ]);
  assert.deepEqual(made.functionCounts.of('nf_hook_slow.part.0'), []);
});

test('a drop counts for the function that it is in; consuming is none', () => {
  const made = store();
  made.append(batch([hit(0, 1), drop(0), hit(1, 1), drop(1, 1), drop(2)]));
  // The third packet's probe was not hit: that it was dropped there says that it came there.
  assert.deepEqual(counts(made.functionCounts.of('nf_hook_slow')), [['', 3, 2]]);
});

test('addresses of no known function count nowhere', () => {
  const made = store();
  const { version } = made.functionCounts;
  made.append(batch([{ ...hit(0, 0), address: kernelAddress(0x1234) }]));
  assert.equal(made.functionCounts.version, version);
  assert.equal(made.functionCounts.functionOf(0), undefined);
});

test('the last packets through a function, newest first, by their first event in it', () => {
  const made = store();
  made.append(batch(Array.from({ length: 20 }, (_, packet) => [hit(packet, 3), hit(packet, 0)]).flat()));
  const [rcv] = made.functionCounts.of('ip_rcv');
  const latest = made.functionCounts.latest(rcv?.number ?? -1);
  assert.deepEqual(
    latest.map((event) => made.trajectory(event)),
    [19, 18, 17, 16, 15, 14, 13, 12],
  );
  for (const event of latest) assert.equal(made.functionName(event), 'ip_rcv');
});

test('counting anew leaves out the packets before', () => {
  const made = store();
  made.append(batch([hit(0, 0), drop(0), hit(1, 3)]));
  made.functionCounts.countFrom(made.trajectories.length);
  assert.deepEqual(made.functionCounts.of('ip_rcv'), []);
  made.append(batch([hit(1, 0), hit(2, 0)]));
  assert.deepEqual(counts(made.functionCounts.of('ip_rcv')), [['', 1, 0]]);
});

test('more functions than the columns had room for', () => {
  const made = new ColumnStore();
  const functions = Array.from({ length: 600 }, (_, nth) => ({
    address: functionAddress(nth),
    name: `f${nth}`,
    module: '',
    argument: 1,
  }));
  made.setSymbols(new Symbols({ functions, dropReasons: [] }));
  made.append(batch(functions.map((_, nth) => hit(nth, nth))));
  for (const { name } of functions) assert.deepEqual(counts(made.functionCounts.of(name)), [['', 1, 0]]);
});

test('the trajectories through a function, as events arrive', () => {
  const made = store();
  const capture = { functionCounts: made.functionCounts, store: made, trajectories: made.trajectories };
  const through = new TrajectoriesThrough(capture, ['nf_hook_slow']);
  assert.deepEqual(through.ids(), []);
  made.append(batch([hit(0, 0), hit(1, 1), hit(2, 0)]));
  assert.deepEqual(through.ids(), [1]);
  made.append(batch([hit(2, 2), hit(1, 1), drop(0)]));
  assert.deepEqual(through.ids(), [0, 1, 2]);
});
