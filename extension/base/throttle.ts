/**
 * Runs an action at most once an interval: at once when it was quiet, else when the interval is over, so that
 * the last request is always served and a steady stream of requests never starves it.
 */
export class Throttle {
  private timer: NodeJS.Timeout | undefined;
  private again = false;

  constructor(
    private readonly action: () => void,
    private readonly intervalMs: number,
  ) {}

  request(): void {
    if (this.timer !== undefined) {
      this.again = true;
      return;
    }
    this.arm();
    this.action();
  }

  /** Forgets what was requested; later requests work as before. */
  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.again = false;
  }

  private arm(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!this.again) return;
      this.again = false;
      this.request();
    }, this.intervalMs);
  }
}
