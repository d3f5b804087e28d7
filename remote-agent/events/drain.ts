/**
 * Moves records from the ring buffer (ring-buffer.ts), which comes into this folder, to the output (output.ts), by
 * which they leave it as frames, until told to stop. Read this file first.
 *
 * The kernel wakes nobody: a look at the
 * positions every few milliseconds costs less than a wake-up an event, and the ring holds seconds of traffic.
 */
import type { Message } from '../../common/protocol.ts';
import type { CodePlaces } from './code-places.ts';
import type { Counters } from './counters.ts';
import type { NamespaceNames } from './namespace-names.ts';
import { EVENTS_HEADROOM, type EventTotals, type Output } from './output.ts';
import type { RingBuffer, TakenRecords } from './ring-buffer.ts';

/** How late an event may be. A live display redraws more seldom. */
const INTERVAL_MS = 50;
/** How old the count of missed hits may be. */
const MISSED_INTERVAL_MS = 1000;
const BATCH_BYTES = 512 * 1024;
/**
 * With more than this unread by the other side nothing is taken out of the ring: it fills, and what does not
 * fit is counted, instead of growing this process on a machine in production.
 */
const BACKLOG_BYTES = 4 * 1024 * 1024;

export class Drain {
  events = 0;
  #sent = '';
  /** Messages that wait for the events before them, and how many bytes of those are in the ring. */
  readonly #behind: { message: Message; bytes: number }[] = [];
  #missed = 0;
  #missedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param missed reads how many probe hits the kernel passed over; it takes milliseconds */
  constructor(
    private readonly ring: RingBuffer,
    private readonly counters: Pick<Counters, 'totals'>,
    private readonly missed: () => number,
    private readonly output: Output,
    private readonly codePlaces: CodePlaces,
    private readonly namespaceNames?: NamespaceNames,
  ) {}

  start(): void {
    this.#timer = setTimeout(() => {
      this.#turn();
      this.start();
    }, INTERVAL_MS);
  }

  /** Sends a message behind all events that are in the ring now. */
  sendBehind(message: Message): void {
    this.#behind.push({ message, bytes: this.ring.pendingBytes });
    this.#sendDue(0);
  }

  /** Takes no more by itself. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Sends all that is left, once nothing writes to the ring any more. */
  async finish(): Promise<EventTotals> {
    this.stop();
    while (this.#batch()) await this.output.flushed();
    this.#sendDue(Infinity);
    return this.#totals(0);
  }

  #turn(): void {
    while (this.output.backlog < BACKLOG_BYTES && this.#batch());
    // What no delivered event tells of must show too.
    const totals = this.#totals();
    if (JSON.stringify(totals) !== this.#sent && this.output.backlog < BACKLOG_BYTES)
      this.#send({ frame: Buffer.alloc(EVENTS_HEADROOM), count: 0 }, totals);
  }

  /** False: the ring was empty. */
  #batch(): boolean {
    const records = this.ring.take(BATCH_BYTES, EVENTS_HEADROOM, this.output.allocate);
    if (records === undefined) return false;
    const locations = this.codePlaces.newIn(records, EVENTS_HEADROOM);
    if (locations.length > 0) this.output.send({ type: 'locations', locations });
    const namespaces = this.namespaceNames?.newIn(records, EVENTS_HEADROOM) ?? [];
    if (namespaces.length > 0) this.output.send({ type: 'namespaces', namespaces });
    this.#send(records, this.#totals());
    this.#sendDue(records.frame.length - EVENTS_HEADROOM);
    return true;
  }

  /** @param bytes taken out of the ring just now */
  #sendDue(bytes: number): void {
    for (const waiting of this.#behind) waiting.bytes -= bytes;
    for (let first = this.#behind[0]; first !== undefined && first.bytes <= 0; first = this.#behind[0]) {
      this.#behind.shift();
      this.output.send(first.message);
    }
  }

  #send(records: TakenRecords, totals: EventTotals): void {
    this.events += records.count;
    this.output.sendEvents(records, totals);
    this.#sent = JSON.stringify(totals);
  }

  #totals(maxAge = MISSED_INTERVAL_MS): EventTotals {
    const now = performance.now();
    if (now - this.#missedAt >= maxAge) {
      this.#missed = this.missed();
      this.#missedAt = now;
    }
    return { ...this.counters.totals(), missed: this.#missed };
  }
}
