/**
 * A day at 20,000 events a second is 1.7 billion events, and fills what the editor keeps by default 576 times. Here the
 * engine keeps 46 times less and is filled as often: whatever grows with the packets that were ever seen, be it by a
 * byte for each of them, shows. Every packet has a flow, a process and a device of its own, and some are never told to
 * end. The time of the events is that of the whole day.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEEP_EVENTS } from '../../../../extension/recording/retention.ts';
import { CHUNK_EVENTS } from '../../../../extension/recording/store/event-columns.ts';
import { storyTotals } from '../../../../extension/recording/story-totals.ts';
import { bytesInUse } from '../../../support/memory.ts';
import { EVENTS_A_PACKET, Traffic } from '../../../support/agent/traffic.ts';
import { trafficStore } from '../../../support/agent/traffic-store.ts';

const DAY_EVENTS = 20_000 * 24 * 3600;
const KEEP = CHUNK_EVENTS;
const EVENTS = Math.ceil(DAY_EVENTS / KEEP_EVENTS) * KEEP;
const MEASUREMENTS = 12;
/** Of each of these packets a byte would be more than what is allowed to be found. */
const PACKETS = EVENTS / EVENTS_A_PACKET;

test('a day of packets: memory is flat once it was filled', () => {
  const store = trafficStore({ keepEvents: KEEP, readOnce: false });
  const traffic = new Traffic({ packetsABatch: 150, endless: 500, eventsASecond: EVENTS / (24 * 3600) });
  const inUse: number[] = [];
  for (let part = 1; part <= MEASUREMENTS; part++) {
    while (store.length < (EVENTS / MEASUREMENTS) * part) store.append(traffic.next());
    inUse.push(bytesInUse());
  }
  assert.ok(traffic.packets > PACKETS * 0.99);
  // The first part is the warm-up: within it everything was filled dozens of times.
  const [first = 0, ...later] = inUse;
  const grown = Math.max(...later) - first;
  assert.ok(grown < PACKETS / 2, `${grown} bytes more than after the first part: ${inUse.join(', ')}`);
  assert.ok(store.time(store.length - 1) > 23.9 * 3600 * 1e9);
  const totals = storyTotals(store.trajectories);
  assert.deepEqual([totals.packets, totals.outcomes.dropped], [traffic.packets, traffic.packets]);
});
