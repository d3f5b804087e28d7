/** When a trace is paused, and why: the editor is not heard of, or it asked for it, or both one after the other. */
import type { Paused } from '../common/protocol.ts';

export class Pauses {
  /** That hold now. */
  readonly #reasons = new Set<Paused['why']>();
  /** The present pause, by the reason that began it. */
  #present: Pick<Paused, 'why' | 'from'> | undefined;

  /**
   * @param programs what is paused
   * @param now CLOCK_MONOTONIC in nanoseconds
   * @param tell sends a message behind the events that there are
   */
  constructor(
    private readonly programs: { pause(): void; resume(): void },
    private readonly now: () => bigint,
    private readonly tell: (message: Paused) => void,
  ) {}

  /** Safe to call again. */
  pause(why: Paused['why']): void {
    this.#reasons.add(why);
    if (this.#present !== undefined) return;
    this.programs.pause();
    this.#present = { why, from: String(this.now()) };
    this.tell({ type: 'paused', ...this.#present, to: null });
  }

  /** Goes on when no other reason is left. */
  resume(why: Paused['why']): void {
    this.#reasons.delete(why);
    if (this.#reasons.size > 0 || this.#present === undefined) return;
    this.#end(this.#present);
    this.programs.resume();
  }

  /** The trace is over: a pause that lasted until now is told of as a whole. */
  end(): void {
    if (this.#present !== undefined) this.#end(this.#present);
  }

  #end(present: Pick<Paused, 'why' | 'from'>): void {
    this.#present = undefined;
    this.tell({ type: 'paused', ...present, to: String(this.now()) });
  }
}
