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

const NAMES = ['icmp_rcv', '__skb_clone', 'sock_queue_rcv_skb', 'nf_hook_slow', 'kfree_skbmem'];
const NO_SOCKET = 3;

function store(): ColumnStore {
  const made = new ColumnStore();
  const symbols = new Symbols(attached(NAMES, { dropReasons: [{ value: NO_SOCKET, name: 'NO_SOCKET' }] }));
  symbols.addLocations(
    [0, 3].map((nth) => ({
      address: dropAt(nth),
      start: functionAddress(nth),
      name: NAMES[nth] ?? '',
      module: '',
    })),
  );
  made.setSymbols(symbols);
  return made;
}

const dropAt = (nth: number) => functionAddress(nth) + 0x40;

/** An event of a life; lives are told apart by their numbers. */
function hit(life: number, nth: number, more: TestEvent = {}): TestEvent {
  return {
    life,
    skb: kernelAddress(0x8880_0000_0000 + life * 0x100),
    address: kernelAddress(functionAddress(nth)),
    ...more,
  };
}

const copied = (life: number, parent: number) => hit(life, 1, { kind: 'copy', parent });
const dropped = (life: number, nth: number) =>
  hit(life, nth, { kind: 'drop', dropReason: NO_SOCKET, address: kernelAddress(dropAt(nth)) });

function counts(made: ColumnStore, name: string): [packets: number, dropped: number] {
  const [counted] = made.functionCounts.of(name);
  return [counted?.packets ?? 0, counted?.dropped ?? 0];
}

test('a packet and its copies pass a function as one', () => {
  const made = store();
  made.append(
    batch([hit(1, 0), copied(2, 1), hit(9, 0), hit(2, 0), hit(1, 0), copied(3, 2), hit(3, 0), hit(9, 3)]),
  );
  assert.deepEqual(counts(made, 'icmp_rcv'), [2, 0]);
  assert.deepEqual(counts(made, '__skb_clone'), [1, 0]);
  assert.equal(made.functionCounts.packets, 2);
  // The copy is the first of its story there, though a later packet was there before it.
  made.append(batch([hit(3, 3)]));
  assert.deepEqual(counts(made, 'nf_hook_slow'), [2, 0]);
});

test('what is left over when a copy arrived was not dropped', () => {
  const made = store();
  made.append(batch([hit(1, 0), copied(2, 1), hit(2, 2), dropped(1, 0)]));
  assert.deepEqual(counts(made, 'icmp_rcv'), [1, 0]);
  // The copy may arrive after it.
  made.append(batch([hit(3, 0), copied(4, 3), dropped(3, 0)]));
  assert.deepEqual(counts(made, 'icmp_rcv'), [2, 1]);
  made.append(batch([hit(4, 2)]));
  assert.deepEqual(counts(made, 'icmp_rcv'), [2, 0]);
  assert.equal(made.trajectories.outcome(made.trajectories.root(3)), 'delivered');
});

test('a packet of which several copies are dropped is dropped once, where its outcome is', () => {
  const made = store();
  made.append(batch([hit(1, 0), copied(2, 1), dropped(2, 3)]));
  assert.deepEqual(counts(made, 'nf_hook_slow'), [1, 1]);
  made.append(batch([dropped(1, 0)]));
  assert.deepEqual(
    [counts(made, 'icmp_rcv'), counts(made, 'nf_hook_slow')],
    [
      [1, 1],
      [1, 0],
    ],
  );
});

test('counting anew counts the packets from then on', () => {
  const made = store();
  made.append(batch([hit(1, 0), hit(2, 0), dropped(2, 0)]));
  made.functionCounts.countFrom(made.trajectories.length);
  assert.equal(made.functionCounts.packets, 0);
  made.append(batch([hit(1, 3), hit(5, 0), copied(6, 5), dropped(6, 0)]));
  assert.equal(made.functionCounts.packets, 1);
  assert.deepEqual(counts(made, 'icmp_rcv'), [1, 1]);
});
