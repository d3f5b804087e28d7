import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LiveSymbols } from '../../../../remote-agent/kernel/live-symbols.ts';
import { loadedModules } from '../../../../remote-agent/kernel/modules.ts';
import { Drain } from '../../../../remote-agent/events/drain.ts';
import { CodePlaces } from '../../../../remote-agent/events/code-places.ts';
import { FrameDecoder } from '../../../../common/framing.ts';
import { type EventTotals, Output } from '../../../../remote-agent/events/output.ts';
import { parseMessage } from '../../../../common/messages.ts';
import { EventsHeader, FrameKind, recordStride, type Paused } from '../../../../common/protocol.ts';
import { EventHeaderLayout } from '../../../../common/layouts.ts';
import type { RingBuffer, TakenRecords } from '../../../../remote-agent/events/ring-buffer.ts';
import { SymbolMap } from '../../../../remote-agent/kernel/symbol-map.ts';

const STRIDE = recordStride(EventHeaderLayout.bytes);

/** A ring that never runs dry before it has given `records`. */
class FakeRing {
  taken = 0;

  constructor(public records: number) {}

  get pendingBytes(): number {
    return (this.records - this.taken) * STRIDE;
  }

  take(maxBytes: number, headroom: number): TakenRecords | undefined {
    const count = Math.min(Math.floor(maxBytes / STRIDE), this.records - this.taken);
    this.taken += count;
    if (count === 0) return undefined;
    const frame = Buffer.alloc(headroom + count * STRIDE);
    for (let at = headroom; at < frame.length; at += STRIDE) frame.writeUInt32LE(EventHeaderLayout.bytes, at);
    return { frame, count };
  }
}

function setUp(t: TestContext, records: number) {
  const ring = new FakeRing(records);
  const stream = new PassThrough();
  const counted = { lost: 0, missed: 0, untracked: 0 };
  const drain = new Drain(
    ring as unknown as RingBuffer,
    { totals: () => ({ lost: counted.lost, untracked: counted.untracked }) },
    () => counted.missed,
    new Output(stream),
    new CodePlaces(new LiveSymbols(new SymbolMap(Buffer.alloc(0)), loadedModules())),
  );
  t.after(() => {
    drain.stop(); // or its timer would keep a failed test alive
  });
  const frames: ({ count: number } & EventTotals)[] = [];
  /** What came, in order: numbers of records, and types of messages. */
  const order: (number | string)[] = [];
  const decoder = new FrameDecoder((kind, payload) => {
    if (kind === FrameKind.Json) {
      order.push(parseMessage(payload).type);
      return;
    }
    const view = Buffer.from(payload.buffer);
    const read = (at: number) => view.readDoubleLE(at);
    const count = read(EventsHeader.count);
    assert.equal(payload.length, EventsHeader.bytes + count * STRIDE);
    order.push(count);
    frames.push({
      count,
      lost: read(EventsHeader.lost),
      missed: read(EventsHeader.missed),
      untracked: read(EventsHeader.untracked),
    });
  });
  const read = () => {
    stream.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
    });
  };
  return { ring, counted, drain, frames, order, read };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries++) await sleep(10);
  assert.ok(condition());
}

test('everything in the ring is sent, and counted', async (t) => {
  const { ring, counted, drain, frames, read } = setUp(t, 100_000);
  read();
  drain.start();
  await until(() => ring.taken === 100_000);
  ring.records += 7; // written between the last look and the detach
  Object.assign(counted, { lost: 3, missed: 5, untracked: 2 });
  assert.deepEqual(await drain.finish(), { lost: 3, missed: 5, untracked: 2 });
  assert.equal(drain.events, 100_007);
  await until(() => frames.reduce((sum, { count }) => sum + count, 0) === 100_007);
  assert.equal(frames.at(-1)?.lost, 3);
  assert.equal(frames.at(-1)?.untracked, 2);
});

test('a reader that does not read stops the draining, not the process', async (t) => {
  const { ring, drain, read } = setUp(t, 1_000_000);
  drain.start();
  await until(() => ring.taken > 0);
  await sleep(200);
  assert.ok(ring.taken * STRIDE < 16 * 1024 * 1024, `${ring.taken} records taken out of the ring`);
  read();
  await until(() => ring.taken === 1_000_000);
  drain.stop();
});

test('loss is told even when no event follows it, once', async (t) => {
  const { counted, drain, frames, read } = setUp(t, 0);
  read();
  drain.start();
  counted.lost = 5;
  await until(() => frames.length > 0);
  await sleep(200); // a few turns in which nothing changes
  drain.stop();
  assert.deepEqual(
    frames.map(({ count, lost, untracked }) => ({ count, lost, untracked })),
    [{ count: 0, lost: 5, untracked: 0 }],
  );
});

test('so is what could not be followed', async (t) => {
  const { counted, drain, frames, read } = setUp(t, 0);
  read();
  drain.start();
  counted.untracked = 4;
  await until(() => frames.some(({ untracked }) => untracked === 4));
  drain.stop();
});

test('missed hits are read now and then only, and told when they change', async (t) => {
  const { counted, drain, frames, read } = setUp(t, 0);
  read();
  let reads = 0;
  Object.defineProperty(counted, 'missed', { get: () => (reads++, 7) });
  const start = performance.now();
  drain.start();
  await until(() => frames.some(({ missed }) => missed === 7));
  await sleep(200);
  drain.stop();
  const seconds = (performance.now() - start) / 1000;
  assert.ok(reads <= 1 + seconds, `read ${reads} times in ${seconds} s; it takes milliseconds each`);
});

const PAUSED: Paused = { type: 'paused', why: 'request', from: '1', to: null };

test('a message about the events before it comes behind them, and before those after it', async (t) => {
  const { ring, drain, order, read } = setUp(t, 100_000);
  read();
  drain.sendBehind(PAUSED);
  ring.records += 100_000; // written after the message was given
  await drain.finish();
  await until(
    () => order.filter((each) => typeof each === 'number').reduce((sum, each) => sum + each, 0) === 200_000,
  );
  const at = order.indexOf('paused');
  const before = order.slice(0, at).reduce<number>((sum, each) => sum + Number(each), 0);
  // A batch is taken as a whole: those that were written meanwhile may be in it.
  const batch = Number(order[at - 1]);
  assert.ok(before >= 100_000 && before - batch < 100_000, `behind ${before} events`);
  assert.deepEqual(
    order.filter((each) => each === 'paused'),
    ['paused'],
  );
});

test('with nothing in the ring it goes out at once', async (t) => {
  const { drain, order, read } = setUp(t, 0);
  read();
  drain.sendBehind(PAUSED);
  await until(() => order.includes('paused'));
});
