import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long the event loop may wait for us: pings and "stop" come through it. */
const TURN_MS = 20;

/** A stretch of long work, after which the event loop gets its turn. */
export class Turn {
  #start = performance.now();

  /** @param signal cancels the work */
  constructor(private readonly signal: AbortSignal | undefined) {}

  get isOver(): boolean {
    return performance.now() - this.#start > TURN_MS;
  }

  /** Lets others run, then begins anew. @throws AbortError when cancelled */
  async next(): Promise<void> {
    await nextTurn();
    this.signal?.throwIfAborted();
    this.#start = performance.now();
  }
}
