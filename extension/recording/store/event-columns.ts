/**
 * Events in columns of typed arrays, in chunks so that growing copies nothing and the oldest can be forgotten.
 * 56 bytes an event, and what it told on request.
 */
import { ExtrasChunk } from '../extras/extras-chunk.ts';
import { newestBelow } from './wrapped.ts';

export const CHUNK_EVENTS = 65_536;
const CHUNK_SHIFT = 16;
const CHUNK_MASK = CHUNK_EVENTS - 1;

export class EventChunk {
  /** Nanoseconds since the capture's first event. */
  readonly time = new Float64Array(CHUNK_EVENTS);
  /** Low 32 bits of its number, as of the next event. */
  readonly trajectory = new Uint32Array(CHUNK_EVENTS);
  /** The next event of the same trajectory; of its last one, anything. */
  readonly next = new Uint32Array(CHUNK_EVENTS);
  /** Record of the address table. */
  readonly address = new Uint32Array(CHUNK_EVENTS);
  /** Record of the flow table: addresses, ports and protocol. */
  readonly flow = new Uint32Array(CHUNK_EVENTS);
  /** Record of the task table: process id and name. */
  readonly task = new Uint32Array(CHUNK_EVENTS);
  /** Record of the device table: network namespace, interface and MTU. */
  readonly device = new Uint32Array(CHUNK_EVENTS);
  /** Of the verdict of a BPF program its value. */
  readonly dropReason = new Uint32Array(CHUNK_EVENTS);
  readonly mark = new Uint32Array(CHUNK_EVENTS);
  readonly packetLength = new Uint32Array(CHUNK_EVENTS);
  readonly lostBefore = new Uint32Array(CHUNK_EVENTS);
  readonly cpu = new Uint16Array(CHUNK_EVENTS);
  readonly protocol = new Uint16Array(CHUNK_EVENTS);
  /** Of the filter. */
  readonly generation = new Uint16Array(CHUNK_EVENTS);
  readonly kind = new Uint8Array(CHUNK_EVENTS);
  readonly tcpFlags = new Uint8Array(CHUNK_EVENTS);
  /** What they told on request; undefined: none did. */
  extras: ExtrasChunk | undefined;
}

export class EventColumns {
  /** The oldest that is kept: those before it were forgotten, a chunk at a time. */
  first = 0;
  /** Of all that there were: the number of the next one. */
  length = 0;
  /** What all that was told on request takes. */
  extrasBytes = 0;
  readonly #chunks: EventChunk[] = [];
  /** A forgotten chunk, to be filled again: what lives long and is large is collected late. */
  #spare: EventChunk | undefined;

  /** The chunk that holds an event; its row there is `row(event)`. @throws RangeError where it is not kept */
  chunk(event: number): EventChunk {
    const kept = event >= this.first && event < this.length;
    const chunk = kept ? this.#chunks[(event - this.first) >>> CHUNK_SHIFT] : undefined;
    if (chunk === undefined) throw new RangeError(`event ${event} of ${this.first} to ${this.length}`);
    return chunk;
  }

  row(event: number): number {
    return event & CHUNK_MASK;
  }

  /** Makes room for one more event and returns its chunk; the event's number is `length` before the call. */
  append(): EventChunk {
    const index = (this.length++ - this.first) >>> CHUNK_SHIFT;
    const chunk = this.#chunks[index];
    if (chunk !== undefined) return chunk;
    const added = this.#spare ?? new EventChunk();
    this.#spare = undefined;
    this.#chunks.push(added);
    return added;
  }

  /** Keeps what an event told on request. @param at where in the words it begins */
  addExtras(event: number, words: Uint32Array, at: number): void {
    const chunk = this.chunk(event);
    if (chunk.extras === undefined) {
      chunk.extras = new ExtrasChunk(CHUNK_EVENTS);
      this.extrasBytes += chunk.extras.bytes;
    }
    this.extrasBytes += chunk.extras.add(event & CHUNK_MASK, words, at);
  }

  /** Forgets the oldest chunk, which is full. */
  forgetChunk(): void {
    this.#spare = this.#chunks.shift();
    if (this.#spare !== undefined) {
      this.extrasBytes -= this.#spare.extras?.bytes ?? 0;
      this.#spare.extras = undefined;
    }
    this.first += CHUNK_EVENTS;
  }

  /** The number of a kept event by its low 32 bits. */
  whole(low: number): number {
    return newestBelow(this.length, low);
  }

  time(event: number): number {
    return this.chunk(event).time[event & CHUNK_MASK] ?? 0;
  }

  /** Every kept chunk with the number of its rows that are filled. */
  *chunks(): Generator<readonly [chunk: EventChunk, rows: number]> {
    for (const [nth, chunk] of this.#chunks.entries())
      yield [chunk, Math.min(CHUNK_EVENTS, this.length - this.first - nth * CHUNK_EVENTS)];
  }
}
