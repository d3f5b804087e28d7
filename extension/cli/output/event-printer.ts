/**
 * The entry of what is printed: events of a capture come in, and go out as the lines that text-format.ts or
 * json-format.ts makes of them, in order, in large writes, and no faster than the reader takes them: events wait in
 * the capture, not as text. Those that are printed are released; of too many that wait it forgets the oldest.
 */
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Capture } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';
import { drained } from '../lines.ts';
import { announcesDrop } from './text-format.ts';

const WRITE_BYTES = 64 * 1024;
/** A drop follows the function that announces it within microseconds; others may come in between. */
const LOOK_AHEAD = 256;
/** How long such a function is held back when nothing follows it. */
const HOLD_MS = 100;

export interface EventLines {
  /** Settles when what lines need of the events that have come is there. */
  prepare?(): Promise<void>;
  /** @param drop the drop that this event's line tells of as well */
  line(event: EventIndex, drop?: EventIndex): string;
}

export interface PrinterOptions {
  /** Tell of a drop in the line of the function that it happened in. */
  foldDrops: boolean;
  limitLines: number | undefined;
  /** Events from `first` to before `end` were forgotten before they were printed. @returns what to print in their place */
  skipped: (first: EventIndex, end: EventIndex) => string;
  /** The limit is reached or the reader is gone: nothing more will be printed. */
  onFull: () => void;
}

export class EventPrinter {
  /** Events that were forgotten before they were printed. */
  skipped = 0;
  #next: EventIndex = 0;
  #lines = 0;
  #full = false;
  /** Since the last look there was a request. */
  #requested = false;
  #running: Promise<void> | undefined;
  #hold: NodeJS.Timeout | undefined;
  /** Why a line could not be made: the printer stopped, and finish() tells. */
  #fault: { error: unknown } | undefined;
  /** Drops that were told of with their function. */
  readonly #folded = new Set<EventIndex>();

  constructor(
    private readonly capture: Pick<Capture, 'store' | 'release'>,
    private readonly lines: EventLines,
    private readonly output: Writable,
    private readonly options: PrinterOptions,
  ) {
    output.on('close', () => this.#stop());
    output.on('error', () => this.#stop());
  }

  /** There may be something new to print. */
  request(): void {
    this.#requested = true;
    this.#running ??= this.#start(false);
  }

  /** Settles when all that has come is printed, but for what is held back. */
  async caughtUp(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Prints what is left. @throws what went wrong with any line */
  async finish(): Promise<void> {
    await this.#forced();
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  async #start(force: boolean): Promise<void> {
    try {
      await this.#run(force);
    } catch (error) {
      this.#fault = { error };
      this.#stop();
    }
    this.#running = undefined;
    if (this.#requested && !this.#full) this.request(); // after the last look, before its end
  }

  async #run(force: boolean): Promise<void> {
    clearTimeout(this.#hold);
    while (!this.#full) {
      this.#requested = false;
      await this.lines.prepare?.();
      const text = this.#text(force);
      if (text === '') break;
      this.capture.release(this.#next);
      if (!this.output.write(text)) await drained(this.output);
      await setImmediate(); // let what arrives be received
    }
  }

  /** The next lines, about as much as one write should have; empty when there are none. */
  #text(force: boolean): string {
    const { store } = this.capture;
    const { limitLines = Infinity } = this.options;
    let text = this.#skipForgotten();
    while (this.#next < store.length && text.length < WRITE_BYTES && this.#lines < limitLines) {
      const event = this.#next;
      const drop = this.options.foldDrops && announcesDrop(store, event) ? this.#dropAfter(event) : 'none';
      if (drop === 'unknown' && !force) {
        this.#hold = setTimeout(() => void this.#forced(), HOLD_MS);
        break;
      }
      this.#next++;
      if (this.#folded.delete(event)) continue;
      if (typeof drop === 'number') this.#folded.add(drop);
      text += this.lines.line(event, typeof drop === 'number' ? drop : undefined);
      this.#lines++;
    }
    if (this.#lines >= limitLines) queueMicrotask(() => this.#stop());
    return text;
  }

  #skipForgotten(): string {
    const { first } = this.capture.store;
    const next = this.#next;
    if (first <= next) return '';
    this.#next = first;
    this.skipped += first - next;
    // Of these it was told with their functions.
    for (const event of this.#folded) if (event < first && this.#folded.delete(event)) this.skipped--;
    return this.options.skipped(next, first);
  }

  /** The next event of the same packet if that is a drop; `unknown` while it may still come. */
  #dropAfter(event: EventIndex): EventIndex | 'none' | 'unknown' {
    const { store } = this.capture;
    const id = store.trajectory(event);
    const end = event + LOOK_AHEAD;
    for (let next = event + 1; next < Math.min(end, store.length); next++) {
      if (store.trajectory(next) === id) return store.kind(next) === 'drop' ? next : 'none';
    }
    return store.length < end ? 'unknown' : 'none';
  }

  async #forced(): Promise<void> {
    await this.caughtUp();
    this.#running = this.#start(true);
    await this.#running;
  }

  #stop(): void {
    if (this.#full) return;
    this.#full = true;
    clearTimeout(this.#hold);
    this.options.onFull();
  }
}
