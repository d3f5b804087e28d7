import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RINGBUF_BUSY_BIT, RINGBUF_DISCARD_BIT, recordStride } from '../../../../common/protocol.ts';
import { RingBuffer, type TakenRecords } from '../../../../remote-agent/events/ring-buffer.ts';

const SIZE = 4096;
/** The data starts behind the producer's page. */
const OFFSET = 64;
/** Bytes of an event, and from one to the next. */
const LENGTH = 36;
const STRIDE = 48;

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
  reserve(mark: number, length = LENGTH): bigint {
    const position = this.producer[0] ?? 0n;
    const stride = recordStride(length);
    this.header(position, (length | RINGBUF_BUSY_BIT) >>> 0);
    for (let byte = 8; byte < stride; byte++) this.#write(position, byte, mark);
    this.producer[0] = position + BigInt(stride);
    return position;
  }

  submit(mark: number, length = LENGTH): void {
    this.header(this.reserve(mark, length), length);
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
function marks(taken: TakenRecords | undefined, headroom = 0): number[] {
  if (taken === undefined) return [];
  const { frame, count } = taken;
  const list: number[] = [];
  for (let at = headroom, stride = 0; at < frame.length; at += stride) {
    stride = recordStride(frame.readUInt32LE(at));
    assert.ok(at + stride <= frame.length, 'a record is cut');
    const body = frame.subarray(at + 8, at + stride);
    assert.ok(
      body.every((byte) => byte === body[0]),
      'a record is mixed with another',
    );
    list.push(body[0] ?? -1);
  }
  assert.equal(count, list.length);
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
  assert.equal(taken?.frame.length, 21 + 2 * STRIDE);
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
  fake.header(busy, LENGTH);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [2, 3]);
});

test('a discarded record travels with its mark', () => {
  const fake = new FakeRing();
  fake.header(fake.reserve(1), LENGTH | RINGBUF_DISCARD_BIT);
  fake.submit(2);
  const taken = fake.ring.take(SIZE, 0);
  assert.deepEqual(marks(taken), [1, 2]);
  assert.ok(((taken?.frame.readUInt32LE(0) ?? 0) & RINGBUF_DISCARD_BIT) !== 0);
});

test('a batch is whole records and no more than asked for', () => {
  const fake = new FakeRing();
  for (let mark = 1; mark <= 5; mark++) fake.submit(mark);
  assert.deepEqual(marks(fake.ring.take(2.5 * STRIDE, 0)), [1, 2]);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [3, 4, 5]);
});

test('positions wrap around the ring and go beyond 32 bits', () => {
  const fake = new FakeRing(2n ** 32n - BigInt(STRIDE * 3));
  let mark = 0;
  for (let round = 0; round < 200; round++) {
    fake.submit(mark & 127, 24 + (round % 90));
    fake.submit((mark + 1) & 127);
    assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [mark & 127, (mark + 1) & 127]);
    mark += 2;
  }
  assert.ok((fake.consumer[0] ?? 0n) > 2n ** 32n);
});

test('records of all lengths, one behind the other', () => {
  const fake = new FakeRing();
  const lengths = [24, 25, 31, 32, 33, 40, 200, 255];
  lengths.forEach((length, index) => fake.submit(index, length));
  const taken = fake.ring.take(SIZE, 0);
  assert.deepEqual(marks(taken), [...lengths.keys()]);
  assert.equal(
    taken?.frame.length,
    lengths.reduce((sum, length) => sum + recordStride(length), 0),
  );
  assert.equal(fake.ring.pendingBytes, 0);
});

test('a batch ends before a record that does not fit into it, whatever comes next', () => {
  const fake = new FakeRing();
  fake.submit(1, 24);
  fake.submit(2, 200);
  fake.submit(3, 24);
  assert.deepEqual(marks(fake.ring.take(32 + 200, 0)), [1]);
  assert.deepEqual(marks(fake.ring.take(SIZE, 0)), [2, 3]);
});

test('a record that ends behind what was written is an error, not an event', () => {
  const fake = new FakeRing();
  fake.submit(1);
  fake.header(fake.reserve(2), STRIDE);
  assert.throws(() => fake.ring.take(SIZE, 0), /record of 56 bytes in 48/);
});
