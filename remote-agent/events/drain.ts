/**
 * Moves records from the ring buffer (ring-buffer.ts), which comes into this folder, to the output (output.ts), by
 * which they leave it as frames, until told to stop. Read this file first.
 *
 * The kernel wakes nobody: a look at the
 * positions every few milliseconds costs less than a wake-up an event, and the ring holds seconds of traffic.
 */
import type { CodePlaces } from './code-places.ts';
import type { LossCounters } from './loss-counters.ts';
import { EVENTS_HEADROOM, type Output } from './output.ts';
import type { RingBuffer } from './ring-buffer.ts';

/** How late an event may be. A live display redraws more seldom. */
const INTERVAL_MS = 50;
const BATCH_BYTES = 512 * 1024;
/**
 * With more than this unread by the other side nothing is taken out of the ring: it fills, and what does not
 * fit is counted, instead of growing this process on a machine in production.
 */
const BACKLOG_BYTES = 8 * 1024 * 1024;

export class Drain {
  events = 0;
  #lostSent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ring: RingBuffer,
    private readonly loss: LossCounters,
    private readonly output: Output,
    private readonly codePlaces: CodePlaces,
  ) {}

  start(): void {
    this.#timer = setTimeout(() => {
      this.#turn();
      this.start();
    }, INTERVAL_MS);
  }

  /** Takes no more by itself. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Sends all that is left, once nothing writes to the ring any more. Returns the total of lost events. */
  async finish(): Promise<number> {
    this.stop();
    while (this.#batch()) await this.output.flushed();
    return this.loss.total();
  }

  #turn(): void {
    while (this.output.backlog < BACKLOG_BYTES && this.#batch());
    // Loss without a delivered event after it must show too.
    const lost = this.loss.total();
    if (lost !== this.#lostSent && this.output.backlog < BACKLOG_BYTES)
      this.#send(Buffer.alloc(EVENTS_HEADROOM), lost);
  }

  /** False: the ring was empty. */
  #batch(): boolean {
    const frame = this.ring.take(BATCH_BYTES, EVENTS_HEADROOM);
    if (frame === undefined) return false;
    const locations = this.codePlaces.newIn(frame, EVENTS_HEADROOM);
    if (locations.length > 0) this.output.send({ type: 'locations', locations });
    this.#send(frame, this.loss.total());
    return true;
  }

  #send(frame: Buffer, lost: number): void {
    this.events += this.output.sendEvents(frame, lost);
    this.#lostSent = lost;
  }
}
