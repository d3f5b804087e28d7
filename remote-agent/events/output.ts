import type { Writable } from 'node:stream';
import { encodeJsonFrame, frameHeader } from '../../common/framing.ts';
import { EventsHeader, FRAME_HEADER_BYTES, FrameKind, type Message } from '../../common/protocol.ts';
import { RECORD_STRIDE } from './ring-buffer.ts';

/** Bytes to leave free in front of the records of an events frame. */
export const EVENTS_HEADROOM = FRAME_HEADER_BYTES + EventsHeader.bytes;

/** The agent's frames on their way out. */
export class Output {
  constructor(private readonly stream: Writable) {}

  /** Bytes that the other side has not taken yet. */
  get backlog(): number {
    return this.stream.writableLength;
  }

  send(message: Message): void {
    this.stream.write(encodeJsonFrame(message));
  }

  /**
   * Sends records as they came from the ring buffer and keeps the buffer.
   * @param frame EVENTS_HEADROOM free bytes, then whole records
   * @param lost events lost since the trace began
   * @returns the number of records
   */
  sendEvents(frame: Buffer, lost: number): number {
    const count = (frame.length - EVENTS_HEADROOM) / RECORD_STRIDE;
    frame.set(frameHeader(FrameKind.Events, frame.length - FRAME_HEADER_BYTES));
    frame.writeUInt32LE(count, FRAME_HEADER_BYTES + EventsHeader.count);
    frame.writeUInt32LE(RECORD_STRIDE, FRAME_HEADER_BYTES + EventsHeader.stride);
    frame.writeDoubleLE(lost, FRAME_HEADER_BYTES + EventsHeader.lost);
    this.stream.write(frame);
    return count;
  }

  /** Settles when what was sent so far has left this process. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.stream.write('', () => resolve()));
  }
}
