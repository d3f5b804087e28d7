/**
 * The entry of what is printed: events of a capture come in, and go out as the lines that text-format.ts or
 * json-format.ts makes of them, in order, in large writes, and no faster than the reader takes them: events wait in
 * the capture, not as text.
 */
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Capture } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';
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
  /** The limit is reached or the reader is gone: nothing more will be printed. */
  onFull: () => void;
}

export class EventPrinter {
  #next: EventIndex = 0;
  #lines = 0;
  #full = false;
  /** Since the last look there was a request. */
  #requested = false;
  #running: Promise<void> | undefined;
  #hold: NodeJS.Timeout | undefined;
  /** Drops that were told of with their function. */
  readonly #folded = new Set<EventIndex>();

  constructor(
    private readonly capture: Capture,
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
    this.#running ??= this.#run(false).finally(() => {
      this.#running = undefined;
      if (this.#requested && !this.#full) this.request(); // after the last look, before its end
    });
  }

  /** Prints what is left. */
  async finish(): Promise<void> {
    await this.#running;
    await this.#run(true);
  }

  async #run(force: boolean): Promise<void> {
    clearTimeout(this.#hold);
    while (!this.#full) {
      this.#requested = false;
      await this.lines.prepare?.();
      const text = this.#text(force);
      if (text === '') break;
      if (!this.output.write(text)) await this.#drained();
      await setImmediate(); // let what arrives be received
    }
  }

  /** The next lines, about as much as one write should have; empty when there are none. */
  #text(force: boolean): string {
    const { store } = this.capture;
    const { limitLines = Infinity } = this.options;
    let text = '';
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
    await this.#running;
    this.#running = this.#run(true).finally(() => (this.#running = undefined));
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.output.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      this.output.on('drain', done).on('close', done).on('error', done);
    });
  }

  #stop(): void {
    if (this.#full) return;
    this.#full = true;
    clearTimeout(this.#hold);
    this.options.onFull();
  }
}
