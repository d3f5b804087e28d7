/** A time limit that stands still while a person is asked something, or an SSH agent takes its time. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #left: number;
  #since = 0;
  #pauses = 0;
  #over = false;

  /** It runs from the first `restart` on. */
  constructor(
    private readonly milliseconds: number,
    private readonly expired: () => void,
  ) {
    this.#left = milliseconds;
  }

  /** Begins anew, as after a sign of life. */
  restart(): void {
    this.#halt();
    this.#left = this.milliseconds;
    if (this.#pauses === 0 && !this.#over) this.#run();
  }

  /** Runs `ask` with the clock stopped. */
  async whilePaused<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#pauses++ === 0) this.#halt();
    try {
      return await ask();
    } finally {
      if (--this.#pauses === 0 && !this.#over) this.#run();
    }
  }

  stop(): void {
    this.#over = true;
    this.#halt();
  }

  #run(): void {
    this.#since = Date.now();
    this.#timer = setTimeout(() => {
      this.#over = true;
      this.expired();
    }, this.#left);
  }

  #halt(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#left = Math.max(0, this.#left - (Date.now() - this.#since));
  }
}
