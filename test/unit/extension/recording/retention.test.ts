import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventHeaderLayout, EventSection, LifeLimit } from '../../../../common/layouts.ts';
import { EventsHeader, RINGBUF_HEADER_BYTES } from '../../../../common/protocol.ts';
import type { ColumnStore } from '../../../../extension/recording/event-store.ts';
import { CHUNK_EVENTS, EventColumns } from '../../../../extension/recording/store/event-columns.ts';
import { storyTotals } from '../../../../extension/recording/story-totals.ts';
import { TrajectoriesThrough } from '../../../../extension/recording/trajectories/trajectories-through.ts';
import { TrajectoryTable } from '../../../../extension/recording/trajectories/trajectories.ts';
import { NOBODY } from '../../../../extension/recording/trajectories/trajectory-rows.ts';
import { batch, functionAddress, kernelAddress, type TestEvent } from '../../../support/agent/records.ts';
import { EVENTS_A_PACKET, Traffic } from '../../../support/agent/traffic.ts';
import { trafficStore } from '../../../support/agent/traffic-store.ts';

const KEEP = CHUNK_EVENTS;

/** A step of a packet of the test's own, at the nth function of the traffic. */
function step(packet: number, nth: number, more: TestEvent = {}): TestEvent {
  return {
    life: 4_000_000_000 + packet,
    skb: kernelAddress(0x8882_0000_0000 + packet * 0x100),
    address: kernelAddress(functionAddress(nth)),
    comm: `own${packet}`,
    ...more,
  };
}

function pass(store: ColumnStore, traffic: Traffic, events: number): void {
  for (const end = store.length + events; store.length < end;) store.append(traffic.next());
}

/** Which packet of batches of a hundred a trajectory is of: a batch has first all packets, then their copies. */
const packetOf = (id: number) => Math.floor(id / 200) * 100 + (id % 100);
const isCopy = (id: number) => id % 200 >= 100;

const names = (store: ColumnStore, id: number) =>
  Array.from({ length: store.trajectories.eventCount(id) }, (_, nth) =>
    store.functionName(store.trajectories.event(id, nth)),
  );

test('the newest events are kept, and of packets only whole ones', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const traffic = new Traffic({ packetsABatch: 100 });
  const { trajectories } = store;
  for (let chunks = 1; chunks <= 6; chunks++) {
    pass(store, traffic, CHUNK_EVENTS);
    const kept = store.length - store.first;
    assert.ok(kept >= Math.min(KEEP, store.length) && kept <= KEEP + CHUNK_EVENTS, `${kept} are kept`);
    assert.equal(trajectories.length, traffic.packets * 2);
    const ids = trajectories.ids();
    assert.equal(ids[0], trajectories.first);
    assert.equal(ids.at(-1), trajectories.length - 1);
    for (const id of ids) {
      assert.equal(trajectories.eventCount(id), EVENTS_A_PACKET / 2);
      assert.ok(trajectories.event(id, 0) >= store.first);
      assert.ok(trajectories.has(trajectories.root(id)));
    }
  }
  assert.ok(trajectories.first > 0);
  // Numbers stay what they were.
  const [first = 0] = trajectories.ids();
  assert.equal(store.pid(trajectories.event(first, 0)), packetOf(first));
  assert.deepEqual(trajectories.children(first), [first + 100]);
  assert.deepEqual(names(store, first), [
    'ip_rcv',
    'ip_forward',
    'ip_forward',
    'nf_hook_slow',
    'nf_hook_slow',
    'kfree_skbmem',
    'kfree_skbmem',
  ]);
});

test('what is forgotten is refused, and not mistaken for what took its place', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const traffic = new Traffic({ packetsABatch: 100 });
  pass(store, traffic, 4 * CHUNK_EVENTS);
  const { trajectories } = store;
  for (const id of [0, trajectories.first - 1, trajectories.length]) {
    assert.equal(trajectories.has(id), false);
    assert.throws(() => trajectories.eventCount(id), RangeError);
    assert.throws(() => trajectories.end(id), RangeError);
  }
  assert.throws(() => store.time(store.first - 1), RangeError);
  // Of a packet that was forgotten as a whole, some events may be there still.
  const owners = [store.first, store.length - 1].map((event) => trajectories.has(store.trajectory(event)));
  assert.deepEqual(owners, [false, true]);
});

test('totals and counts go on over what is forgotten', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const traffic = new Traffic({ packetsABatch: 100, endless: 10 });
  pass(store, traffic, 5 * CHUNK_EVENTS);
  const { packets } = traffic;
  const totals = storyTotals(store.trajectories);
  assert.deepEqual([totals.packets, totals.trajectories], [packets, packets * 2]);
  assert.equal(totals.outcomes.dropped, packets);
  assert.deepEqual(totals.reasons, [['NETFILTER_DROP', packets]]);
  const { functionCounts } = store;
  assert.equal(functionCounts.packets, packets);
  // Both the packet and its copy pass some of them: it is one packet still.
  for (const [name, dropped] of [
    ['ip_forward', 0],
    ['nf_hook_slow', packets],
    ['kfree_skbmem', 0],
  ] as const) {
    const [counted] = functionCounts.of(name);
    assert.deepEqual([counted?.packets, counted?.dropped], [packets, dropped], name);
    const latest = functionCounts.latest(counted?.number ?? -1);
    assert.equal(latest.length, 8);
    for (const event of latest) assert.equal(store.functionName(event), name);
  }
});

test('a packet that goes on after it was forgotten does not come back as half of one', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const { trajectories } = store;
  store.append(batch([step(0, 0)]));
  pass(store, new Traffic({ packetsABatch: 100 }), 3 * CHUNK_EVENTS);
  assert.equal(trajectories.has(0), false);
  const { length } = trajectories;
  const before = store.length;
  // As the kernel goes on with it: without a begin, which it has told.
  store.append(withoutBegin(step(0, 1, { ends: true })));
  assert.deepEqual([trajectories.length, store.length], [length, before]);
  // Its number is free for another packet.
  store.append(batch([step(0, 2, { skb: kernelAddress(0x8883_0000_0000) })]));
  assert.deepEqual([trajectories.length, store.length], [length + 1, before + 1]);
  assert.deepEqual(names(store, length), ['__skb_clone']);
});

test('a copy goes with its packet; one that is made later is a packet of its own', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const { trajectories } = store;
  const traffic = new Traffic({ packetsABatch: 100 });
  store.append(batch([step(0, 0)]));
  pass(store, traffic, CHUNK_EVENTS + 3000);
  const copy = trajectories.length;
  const copied = step(1, 2, { kind: 'copy', parent: 4_000_000_000 });
  store.append(batch([copied]));
  assert.equal(trajectories.root(copy), 0);
  pass(store, traffic, CHUNK_EVENTS);
  assert.ok(trajectories.first <= copy && trajectories.first > 0);
  assert.equal(trajectories.has(copy), false);
  assert.ok(!trajectories.ids().includes(copy));
  const late = trajectories.length;
  store.append(batch([{ ...copied, life: 4_100_000_000 }]));
  assert.equal(trajectories.root(late), late);
});

test('an end that is told twice is one, and a copy may begin from what has just ended', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: true });
  const { trajectories } = store;
  const traffic = new Traffic({ packetsABatch: 100 });
  store.append(batch([step(0, 0), step(0, 5, { ends: true }), step(0, 5, { ends: true })]));
  store.append(batch([step(1, 2, { kind: 'copy', parent: 4_000_000_000 })]));
  store.release(store.length);
  assert.equal(trajectories.length, 2);
  assert.equal(trajectories.parent(1), 0);
  // After as many other ends as there can be lives, nothing more is heard of the first; but the copy is open.
  pass(store, traffic, LifeLimit.Lives * EVENTS_A_PACKET);
  store.release(store.length);
  assert.deepEqual([trajectories.has(0), trajectories.has(1)], [true, true]);
  store.append(withoutBegin(step(1, 5, { ends: true })));
  pass(store, traffic, LifeLimit.Lives * EVENTS_A_PACKET);
  store.release(store.length);
  assert.deepEqual([trajectories.has(0), trajectories.has(1)], [false, false]);
});

test('read once: an open packet is known for ever, its old events are not', () => {
  const store = trafficStore({ keepEvents: 100 * KEEP, readOnce: true });
  const { trajectories } = store;
  store.append(batch([step(0, 0)]));
  const traffic = new Traffic({ packetsABatch: 100 });
  for (let times = 0; times < 10; times++) {
    pass(store, traffic, CHUNK_EVENTS);
    store.release(store.length);
    assert.ok(store.length - store.first <= 2 * CHUNK_EVENTS);
    assert.ok(trajectories.ids().length < LifeLimit.Lives + 500, `${trajectories.ids().length} are kept`);
  }
  assert.equal(trajectories.eventCount(0), 1);
  store.append(withoutBegin(step(0, 1, { ends: true })));
  const last = store.length - 1;
  assert.equal(store.trajectory(last), 0);
  assert.equal(store.skb(last), '0xffff888200000000');
  assert.equal(store.comm(last), 'own0');
  const { packets, outcomes } = storyTotals(trajectories);
  assert.deepEqual([packets, outcomes.dropped, outcomes.consumed], [traffic.packets + 1, traffic.packets, 1]);
});

test('read once: what was not read waits, up to the limit', () => {
  const store = trafficStore({ keepEvents: 2 * KEEP, readOnce: true });
  const traffic = new Traffic({ packetsABatch: 100 });
  pass(store, traffic, 2 * CHUNK_EVENTS);
  assert.equal(store.first, 0);
  assert.equal(store.trajectories.ids().length, store.trajectories.length);
  pass(store, traffic, 4 * CHUNK_EVENTS);
  assert.ok(store.first > 0 && store.length - store.first <= 2 * KEEP + CHUNK_EVENTS);
  // Whatever is still to be read has its trajectory.
  for (let event = store.first; event < store.length; event++)
    assert.ok(store.trajectories.has(store.trajectory(event)));
});

test('lives whose end was lost are over when there are more than the kernel can follow', () => {
  for (const readOnce of [true, false]) {
    const store = trafficStore({ keepEvents: 100 * KEEP, readOnce });
    const traffic = new Traffic({ packetsABatch: 100, endless: 1 });
    while (traffic.packets < 2 * LifeLimit.Lives) store.append(traffic.next());
    const kept = store.trajectories.ids().length;
    assert.equal(kept, store.trajectories.length);
    store.append(batch([step(0, 0)]));
    pass(store, traffic, 2 * LifeLimit.Lives * EVENTS_A_PACKET);
    store.release(store.length);
    const { outcomes, packets } = storyTotals(store.trajectories);
    assert.equal(packets, traffic.packets + 1);
    assert.equal(outcomes.dropped, traffic.packets);
    if (readOnce) assert.ok(store.trajectories.ids().length < 4 * LifeLimit.Lives);
    else assert.equal(store.trajectories.end(kept), 'unknown');
  }
});

test('numbers go on beyond 32 bits', () => {
  const columns = new EventColumns();
  const trajectories = new TrajectoryTable(columns, () => undefined);
  const start = 2 ** 32 - CHUNK_EVENTS;
  columns.first = columns.length = start;
  trajectories.first = trajectories.length = 2 ** 32 - 10;
  const append = (row: number) => {
    const event = columns.length;
    columns.append().trajectory[columns.row(event)] = trajectories.columns.id[row] ?? 0;
    trajectories.append(row, event, true);
    return event;
  };
  const long = trajectories.ofLife(1, true, 16, 0, 0);
  const others = Array.from({ length: 20 }, (_, nth) => trajectories.ofLife(2 + nth, true, 32 + nth, 0, 0));
  const events: number[] = [];
  for (let times = 0; times < CHUNK_EVENTS; times += 100) {
    events.push(append(long));
    for (let nth = 0; nth < 199; nth++) append(others[nth % 20] ?? NOBODY);
  }
  assert.ok(columns.length > 2 ** 32 + CHUNK_EVENTS / 2);
  const id = 2 ** 32 - 10;
  assert.deepEqual(
    trajectories.ids(),
    Array.from({ length: 21 }, (_, nth) => id + nth),
  );
  assert.deepEqual(
    Array.from({ length: trajectories.eventCount(id) }, (_, nth) => trajectories.event(id, nth)),
    events,
  );
  for (const event of [start, 2 ** 32, columns.length - 1]) {
    const row = trajectories.whole(columns.chunk(event).trajectory[columns.row(event)] ?? 0) - id;
    assert.ok(row >= 0 && row <= 20, `${row}`);
  }
  columns.forgetChunk();
  assert.equal(columns.first, 2 ** 32);
  trajectories.forgetBefore(columns.first);
  assert.deepEqual(trajectories.ids(), []);
  assert.equal(trajectories.first, trajectories.length);
});

test('flows, processes and devices of forgotten packets make room for others', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const traffic = new Traffic({ packetsABatch: 100 });
  // Texts are made of them, which must not be those of what had the record before.
  for (let times = 0; times < 12; times++) {
    pass(store, traffic, CHUNK_EVENTS / 2);
    for (const id of store.trajectories.ids()) {
      if (isCopy(id)) continue;
      const event = store.trajectories.event(id, 0);
      const packet = packetOf(id);
      assert.equal(store.pid(event), packet);
      assert.equal(store.ifindex(event), packet);
      const source = Buffer.from(Uint32Array.of(packet).buffer).toString('hex').slice(0, 8);
      const text = store.tupleParts(event)?.source ?? '';
      assert.equal(hexOf(text), source);
      assert.ok(store.tuple(event)?.startsWith(`[${text}]`));
    }
  }
});

test('packets through a function are those that are kept', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const through = new TrajectoriesThrough(
    { store, trajectories: store.trajectories, functionCounts: store.functionCounts },
    ['packet_rcv'],
  );
  const traffic = new Traffic({ packetsABatch: 100 });
  for (let times = 0; times < 5; times++) {
    pass(store, traffic, CHUNK_EVENTS);
    assert.deepEqual(through.ids(), store.trajectories.ids().filter(isCopy));
  }
});

/** The first 32 bits of an IPv6 address whose others are 0, as eight digits. */
function hexOf(address: string): string {
  const [first = '', second = ''] = address.replace(/::.*$/, '').split(':');
  return first.padStart(4, '0') + second.padStart(4, '0');
}

/** The event as one that comes later: with its header only, because all else was told. */
function withoutBegin(event: TestEvent): Uint8Array<ArrayBuffer> {
  const whole = batch([event]);
  const end = EventsHeader.bytes + RINGBUF_HEADER_BYTES + EventHeaderLayout.bytes;
  const view = new DataView(whole.buffer);
  view.setUint32(EventsHeader.bytes, EventHeaderLayout.bytes, true);
  const sections = EventsHeader.bytes + RINGBUF_HEADER_BYTES + EventHeaderLayout.sections;
  view.setUint16(sections, view.getUint16(sections, true) & EventSection.Ends, true);
  return whole.slice(0, end);
}
