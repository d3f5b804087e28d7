/** Events in columns of typed arrays, in chunks so that growing copies nothing. 56 bytes an event. */
export const CHUNK_EVENTS = 65_536;
const CHUNK_SHIFT = 16;
const CHUNK_MASK = CHUNK_EVENTS - 1;

/** No next event. */
export const NO_EVENT = 0xffff_ffff;

export class EventChunk {
  /** Nanoseconds since the capture's first event. */
  readonly time = new Float64Array(CHUNK_EVENTS);
  readonly trajectory = new Uint32Array(CHUNK_EVENTS);
  /** The next event of the same trajectory, or NO_EVENT. */
  readonly next = new Uint32Array(CHUNK_EVENTS);
  /** Record of the address table. */
  readonly address = new Uint32Array(CHUNK_EVENTS);
  /** Record of the flow table: addresses, ports and protocol. */
  readonly flow = new Uint32Array(CHUNK_EVENTS);
  /** Record of the task table: process id and name. */
  readonly task = new Uint32Array(CHUNK_EVENTS);
  /** Record of the device table: network namespace, interface and MTU. */
  readonly device = new Uint32Array(CHUNK_EVENTS);
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
}

export class EventColumns {
  readonly #chunks: EventChunk[] = [];
  length = 0;

  /** The chunk that holds an event; its row there is `row(event)`. @throws RangeError */
  chunk(event: number): EventChunk {
    const chunk = event < this.length ? this.#chunks[event >>> CHUNK_SHIFT] : undefined;
    if (chunk === undefined) throw new RangeError(`event ${event} of ${this.length}`);
    return chunk;
  }

  row(event: number): number {
    return event & CHUNK_MASK;
  }

  /** Makes room for one more event and returns its chunk; the event's number is `length` before the call. */
  append(): EventChunk {
    const index = this.length++ >>> CHUNK_SHIFT;
    return (this.#chunks[index] ??= new EventChunk());
  }

  time(event: number): number {
    return this.chunk(event).time[event & CHUNK_MASK] ?? 0;
  }
}
