/** A time limit that stands still while a person is asked something. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #left: number;
  #since = 0;
  #pauses = 0;
  #over = false;

  constructor(
    milliseconds: number,
    private readonly expired: () => void,
  ) {
    this.#left = milliseconds;
    this.#run();
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
    clearTimeout(this.#timer);
    this.#left = Math.max(0, this.#left - (Date.now() - this.#since));
  }
}
