import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RINGBUF_BUSY_BIT, RINGBUF_DISCARD_BIT } from '../../../../common/protocol.ts';
import { EventLayout } from '../../../../common/layouts.ts';
import { RECORD_STRIDE, RingBuffer } from '../../../../remote-agent/events/ring-buffer.ts';

const SIZE = 4096;
/** The data starts behind the producer's page. */
const OFFSET = 64;

/** A ring as the kernel would fill it, whose records wrap at its end. */
class FakeRing {
  readonly consumer = new BigUint64Array(1);
  readonly producer = new BigUint64Array(1);
  readonly #data = new ArrayBuffer(OFFSET + SIZE);
  readonly ring = new RingBuffer(this.consumer, this.producer, this.#data, OFFSET);

  constructor(start = 0n) {
    this.consumer[0] = start;
    this.producer[0] = start;
  }

  /** Reserves a record; its bytes are `mark`. Returns its position. */
  reserve(mark: number): bigint {
    const position = this.producer[0] ?? 0n;
    this.header(position, (EventLayout.bytes | RINGBUF_BUSY_BIT) >>> 0);
    for (let byte = 8; byte < RECORD_STRIDE; byte++) this.#write(position, byte, mark);
    this.producer[0] = position + BigInt(RECORD_STRIDE);
    return position;
  }

  submit(mark: number): void {
    this.header(this.reserve(mark), EventLayout.bytes);
  }

  header(position: bigint, value: number): void {
    for (let byte = 0; byte < 4; byte++) this.#write(position, byte, (value >>> (8 * byte)) & 255);
  }

  #write(position: bigint, byte: number, value: number): void {
    const at = (Number(position % BigInt(SIZE)) + byte) % SIZE;
    new Uint8Array(this.#data, OFFSET)[at] = value;
  }
}

/** The mark of each record that was taken. */
function marks(taken: Buffer | undefined, headroom = 0): number[] {
  if (taken === undefined) return [];
  const list: number[] = [];
  for (let at = headroom; at < taken.length; at += RECORD_STRIDE) {
    const body = taken.subarray(at + 8, at + RECORD_STRIDE);
    assert.ok(
      body.every((byte) => byte === body[0]),
      'a record is mixed with another',
    );
    list.push(body[0] ?? -1);
  }
  return list;
}

test('an empty ring gives nothing', () => {
  assert.equal(new FakeRing().ring.take(SIZE, 0), undefined);
});

test('records come once, oldest first, behind the headroom', () => {
  const fake = new FakeRing();
  fake.submit(1);
  fake.submit(2);
  const taken = fake.ring.take(SIZE, 21);
  assert.equal(taken?.length, 21 + 2 * RECORD_STRIDE);
  assert.deepEqual(marks(taken, 21), [1, 2]);
  assert.equal(fake.ring.take(SIZE, 21), undefined);
  fake.submit(3);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [3]);
});

test('nothing behind a record that is still being written is taken', () => {
  const fake = new FakeRing();
  fake.submit(1);
  const busy = fake.reserve(2);
  fake.submit(3);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [1]);
  assert.equal(fake.ring.take(SIZE, 0), undefined);
  fake.header(busy, EventLayout.bytes);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [2, 3]);
});

test('a discarded record travels with its mark', () => {
  const fake = new FakeRing();
  fake.header(fake.reserve(1), EventLayout.bytes | RINGBUF_DISCARD_BIT);
  fake.submit(2);
  const taken = fake.ring.take(SIZE, 0);
  assert.deepEqual(marks(taken), [1, 2]);
  assert.ok(((taken?.readUInt32LE(0) ?? 0) & RINGBUF_DISCARD_BIT) !== 0);
});

test('a batch is whole records and no more than asked for', () => {
  const fake = new FakeRing();
  for (let mark = 1; mark <= 5; mark++) fake.submit(mark);
  assert.deepEqual(marks(fake.ring.take(2.5 * RECORD_STRIDE, 0)), [1, 2]);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [3, 4, 5]);
});

test('positions wrap around the ring and go beyond 32 bits', () => {
  const fake = new FakeRing(2n ** 32n - 136n * 3n);
  let mark = 0;
  for (let round = 0; round < 200; round++) {
    fake.submit(mark & 127);
    fake.submit((mark + 1) & 127);
    assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [mark & 127, (mark + 1) & 127]);
    mark += 2;
  }
  assert.ok((fake.consumer[0] ?? 0n) > 2n ** 32n);
});

test('a record of another size is an error, not an event', () => {
  const fake = new FakeRing();
  fake.header(fake.reserve(1), EventLayout.bytes - 8);
  assert.throws(() => fake.ring.take(SIZE, 0), /120 bytes/);
});
