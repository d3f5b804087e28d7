/**
 * A BPF ring buffer (kernel/bpf/ringbuf.c) read from mapped memory: no system call and no object an event.
 * Producers in the kernel move the producer position when they reserve, and clear a record's busy bit when
 * they submit it; the consumer position is ours.
 */
import { mapShared, pageSize } from '../native/libc.ts';
import { RINGBUF_BUSY_BIT, RINGBUF_HEADER_BYTES, recordStride } from '../../common/protocol.ts';

/** Records as they were in the ring, in a buffer of their own behind `headroom` free bytes. */
export interface TakenRecords {
  frame: Buffer;
  count: number;
}

export class RingBuffer {
  readonly #records: Uint8Array;
  readonly #headers: Uint32Array;
  readonly #size: number;

  /**
   * @param consumer one element, ours to write
   * @param producer one element, the kernel's
   * @param data the ring from an offset on. The kernel can show it twice in a row, in which no record wraps; that
   *   would count twice as memory of this process.
   */
  constructor(
    private readonly consumer: BigUint64Array,
    private readonly producer: BigUint64Array,
    data: ArrayBuffer,
    dataOffset: number,
  ) {
    this.#size = data.byteLength - dataOffset;
    this.#records = new Uint8Array(data, dataOffset);
    this.#headers = new Uint32Array(data, dataOffset);
  }

  /** Bytes that producers have taken and we have not given back. */
  get pendingBytes(): number {
    return Number(Atomics.load(this.producer, 0) - Atomics.load(this.consumer, 0));
  }

  /**
   * Takes finished records out of the ring, oldest first, up to the first that is still being written.
   * @param maxBytes of records
   * @param headroom bytes to leave free before the records
   * @param allocate memory for them
   * @returns undefined: there are none
   */
  take(
    maxBytes: number,
    headroom: number,
    allocate = (bytes: number): Buffer => Buffer.allocUnsafe(bytes),
  ): TakenRecords | undefined {
    const from = Atomics.load(this.consumer, 0);
    const available = Number(Atomics.load(this.producer, 0) - from);
    const start = Number(from % BigInt(this.#size));
    const { length, count } = this.#finished(start, Math.min(available, maxBytes), available);
    if (count === 0) return undefined;
    const taken = allocate(headroom + length);
    const untilEnd = Math.min(length, this.#size - start);
    taken.set(this.#records.subarray(start, start + untilEnd), headroom);
    taken.set(this.#records.subarray(0, length - untilEnd), headroom + untilEnd);
    Atomics.store(this.consumer, 0, from + BigInt(length));
    return { frame: taken, count };
  }

  #finished(start: number, limit: number, available: number): { length: number; count: number } {
    let length = 0;
    let count = 0;
    while (length + RINGBUF_HEADER_BYTES <= limit) {
      const header = Atomics.load(this.#headers, ((start + length) % this.#size) >>> 2);
      if ((header & RINGBUF_BUSY_BIT) !== 0) break;
      const stride = recordStride(header);
      if (length + stride > available)
        throw new Error(`the ring buffer has a record of ${stride} bytes in ${available - length}`);
      if (length + stride > limit) break;
      length += stride;
      count++;
    }
    return { length, count };
  }
}

export interface MappedRingBuffer {
  ring: RingBuffer;
  unmap: () => void;
}

/** Maps a ring buffer map: a page for each position, then the data. */
export function mapRingBuffer(fd: number, size: number): MappedRingBuffer {
  const page = pageSize();
  const consumer = mapShared(fd, 0, page, true);
  const producer = mapShared(fd, page, page + size, false);
  const ring = new RingBuffer(
    new BigUint64Array(consumer.buffer, 0, 1),
    new BigUint64Array(producer.buffer, 0, 1),
    producer.buffer,
    page,
  );
  return {
    ring,
    unmap: () => {
      consumer.unmap();
      producer.unmap();
    },
  };
}
