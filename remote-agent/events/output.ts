import type { Writable } from 'node:stream';
import { encodeJsonFrame, frameHeader } from '../../common/framing.ts';
import { EventsHeader, FRAME_HEADER_BYTES, FrameKind, type Message } from '../../common/protocol.ts';
import type { CounterTotals } from './counters.ts';
import { FramePool } from './frame-pool.ts';
import type { TakenRecords } from './ring-buffer.ts';

/** What did not become an event since the trace began. */
export interface EventTotals extends CounterTotals {
  /** Probe hits that the kernel passed over. */
  missed: number;
}

/** Bytes to leave free in front of the records of an events frame. */
export const EVENTS_HEADROOM = FRAME_HEADER_BYTES + EventsHeader.bytes;

/** The agent's frames on their way out. */
export class Output {
  readonly #frames = new FramePool();

  constructor(private readonly stream: Writable) {}

  /** Bytes that the other side has not taken yet. */
  get backlog(): number {
    return this.stream.writableLength;
  }

  send(message: Message): void {
    this.stream.write(encodeJsonFrame(message));
  }

  /** Memory for a frame of records, which sendEvents takes back. */
  readonly allocate = (bytes: number): Buffer => this.#frames.take(bytes);

  /**
   * Sends records as they came from the ring buffer and keeps the buffer.
   * @param frame EVENTS_HEADROOM free bytes, then whole records
   */
  sendEvents({ frame, count }: TakenRecords, { lost, missed, untracked }: EventTotals): void {
    frame.set(frameHeader(FrameKind.Events, frame.length - FRAME_HEADER_BYTES));
    frame.writeDoubleLE(count, FRAME_HEADER_BYTES + EventsHeader.count);
    frame.writeDoubleLE(lost, FRAME_HEADER_BYTES + EventsHeader.lost);
    frame.writeDoubleLE(missed, FRAME_HEADER_BYTES + EventsHeader.missed);
    frame.writeDoubleLE(untracked, FRAME_HEADER_BYTES + EventsHeader.untracked);
    this.stream.write(frame, () => {
      this.#frames.give(frame);
    });
  }

  /** Settles when what was sent so far has left this process. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.stream.write('', () => resolve()));
  }
}
