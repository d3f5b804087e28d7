import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LiveSymbols } from '../../../../remote-agent/kernel/live-symbols.ts';
import { loadedModules } from '../../../../remote-agent/kernel/modules.ts';
import { Drain } from '../../../../remote-agent/events/drain.ts';
import { CodePlaces } from '../../../../remote-agent/events/code-places.ts';
import { FrameDecoder } from '../../../../common/framing.ts';
import { Output } from '../../../../remote-agent/events/output.ts';
import { EventsHeader } from '../../../../common/protocol.ts';
import { RECORD_STRIDE, type RingBuffer } from '../../../../remote-agent/events/ring-buffer.ts';
import { SymbolMap } from '../../../../remote-agent/kernel/symbol-map.ts';

/** A ring that never runs dry before it has given `records`. */
class FakeRing {
  taken = 0;

  constructor(public records: number) {}

  take(maxBytes: number, headroom: number): Buffer | undefined {
    const count = Math.min(Math.floor(maxBytes / RECORD_STRIDE), this.records - this.taken);
    this.taken += count;
    return count === 0 ? undefined : Buffer.alloc(headroom + count * RECORD_STRIDE);
  }
}

function setUp(t: TestContext, records: number) {
  const ring = new FakeRing(records);
  const stream = new PassThrough();
  const loss = { lost: 0, total: () => loss.lost, unmap: () => undefined };
  const drain = new Drain(
    ring as unknown as RingBuffer,
    loss,
    new Output(stream),
    new CodePlaces(new LiveSymbols(new SymbolMap(Buffer.alloc(0)), loadedModules())),
  );
  t.after(() => {
    drain.stop(); // or its timer would keep a failed test alive
  });
  const frames: { count: number; lost: number }[] = [];
  const decoder = new FrameDecoder((_, payload) => {
    const view = Buffer.from(payload.buffer);
    assert.equal(view.readUInt32LE(EventsHeader.stride), RECORD_STRIDE);
    const count = view.readUInt32LE(EventsHeader.count);
    assert.equal(payload.length, EventsHeader.bytes + count * RECORD_STRIDE);
    frames.push({ count, lost: view.readDoubleLE(EventsHeader.lost) });
  });
  const read = () => {
    stream.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
    });
  };
  return { ring, loss, drain, frames, read };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries++) await sleep(10);
  assert.ok(condition());
}

test('everything in the ring is sent, and counted', async (t) => {
  const { ring, loss, drain, frames, read } = setUp(t, 100_000);
  read();
  drain.start();
  await until(() => ring.taken === 100_000);
  ring.records += 7; // written between the last look and the detach
  loss.lost = 3;
  assert.equal(await drain.finish(), 3);
  assert.equal(drain.events, 100_007);
  await until(() => frames.reduce((sum, { count }) => sum + count, 0) === 100_007);
  assert.equal(frames.at(-1)?.lost, 3);
});

test('a reader that does not read stops the draining, not the process', async (t) => {
  const { ring, drain, read } = setUp(t, 1_000_000);
  drain.start();
  await until(() => ring.taken > 0);
  await sleep(200);
  assert.ok(ring.taken * RECORD_STRIDE < 16 * 1024 * 1024, `${ring.taken} records taken out of the ring`);
  read();
  await until(() => ring.taken === 1_000_000);
  drain.stop();
});

test('loss is told even when no event follows it', async (t) => {
  const { loss, drain, frames, read } = setUp(t, 0);
  read();
  drain.start();
  loss.lost = 5;
  await until(() => frames.length > 0);
  drain.stop();
  assert.deepEqual(frames, [{ count: 0, lost: 5 }]);
});
