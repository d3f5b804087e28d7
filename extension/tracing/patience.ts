/** How often it looks. */
const LOOK_MS = 250;

/**
 * Runs out when nothing was heard for a time. Time in which this thread was blocked does not count, for what came
 * meanwhile waits unread: between two looks waiting input is read.
 */
export class Patience {
  #timer: NodeJS.Timeout | undefined;
  /** undefined: it does not run. */
  #late: (() => void) | undefined;
  /** Looks in a row since something was heard. */
  #quiet = 0;

  /** Begins anew. @param late called once when it has run out */
  within(milliseconds: number, late: () => void): void {
    this.stop();
    this.#quiet = 0;
    this.#late = late;
    this.#timer = setInterval(() => {
      if (this.#late !== late || ++this.#quiet * LOOK_MS <= milliseconds) return;
      this.stop();
      late();
    }, LOOK_MS);
  }

  heard(): void {
    this.#quiet = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#late = undefined;
  }
}
