/**
 * Which trajectory a life is, for as long as events of it may come. A life is told to end when its packet's data are
 * released; the functions that give the shell back are still its own, and a copy that the ring had no room for is told
 * once there is room, with a parent that may be gone. So an ended life is known until as many others have ended as the
 * kernel follows at once.
 */
import { LifeLimit } from '../../../common/layouts.ts';
import { ABSENT, NumberMap } from '../store/number-map.ts';
import { NumberQueue } from '../store/number-queue.ts';
import { newestBelow } from '../store/wrapped.ts';
import { NOBODY, type TrajectoryRows } from './trajectory-rows.ts';

export const LifeFlag = {
  Ended: 1,
  Dropped: 2,
  Merged: 4,
  /** It had no life: there were too many at once. */
  Untracked: 8,
  /** Its end was not heard of. */
  Unheard: 16,
  /** XDP gave it to another device, or CPU. */
  Redirected: 32,
} as const;

export class Lives {
  /** Rows by the number that the kernel gave. */
  #rows = new NumberMap();
  /** Numbers of trajectories in the order of their ends; some may be forgotten. */
  readonly #ended = new NumberQueue();
  #open = 0;
  /** What was asked for last, which is often asked for again. */
  #lastLife = 0;
  #lastRow: number = NOBODY;

  constructor(private readonly rows: TrajectoryRows) {}

  /** NOBODY: it is not known, or not any more. */
  row(life: number): number {
    if (life !== this.#lastLife) {
      const row = this.#rows.get(life);
      this.#lastLife = life;
      this.#lastRow = row === ABSENT ? NOBODY : row;
    }
    return this.#lastRow;
  }

  /** @param life 0: it could not be followed, and this is all that is heard of it */
  begin(life: number, row: number): void {
    this.rows.columns.life[row] = life;
    this.#open++;
    this.#lastLife = 0;
    if (life !== 0) this.#rows.set(life, row);
    else this.#close(row, LifeFlag.Untracked);
  }

  end(row: number): void {
    if (this.#isOpen(row)) this.#close(row, LifeFlag.Ended);
  }

  /** A trajectory is forgotten. */
  forget(row: number): void {
    const life = this.rows.columns.life[row] ?? 0;
    if (this.#isOpen(row)) this.#open--;
    this.#lastLife = 0;
    // Its number may have been given out again.
    if (this.#rows.get(life) === row) this.#rows.delete(life);
  }

  /**
   * The next one that nothing more is heard of; NOBODY: there is none yet.
   * @param isRead whether it may go; those behind it wait
   */
  nextOver(isRead: (row: number) => boolean): number {
    while (this.#ended.length > LifeLimit.Lives) {
      const row = this.rows.rowOf(this.#ended.peek());
      if (row !== NOBODY && !isRead(row)) return NOBODY;
      this.#ended.shift();
      if (row === NOBODY) continue;
      this.forget(row);
      return row;
    }
    return NOBODY;
  }

  /**
   * The ends of lives may get lost: where more are open than the kernel can follow at once, those that were not heard
   * of for the longest are over.
   * @param events number of the next event
   */
  closeUnheard(events: number): void {
    if (this.#open <= 2 * LifeLimit.Lives) return;
    const open = new Float64Array(this.#open);
    const { columns } = this.rows;
    const heard = (row: number) =>
      newestBelow(
        events + 1,
        ((columns.events[row] ?? 0) === 0 ? columns.begun[row] : columns.last[row]) ?? 0,
      );
    let found = 0;
    for (let row = 1; row < this.rows.length; row++)
      if (this.rows.isUsed(row) && this.#isOpen(row)) open[found++] = row;
    open.sort((a, b) => heard(a) - heard(b));
    for (const row of open.subarray(0, found - LifeLimit.Lives)) this.#close(row, LifeFlag.Unheard);
  }

  /** Nothing more is heard of those that are open. */
  endFollowing(): void {
    for (let row = 1; row < this.rows.length; row++)
      if (this.rows.isUsed(row) && this.#isOpen(row)) this.#close(row, LifeFlag.Unheard);
  }

  /** Another agent counts lives from 1 again: its numbers are of others. */
  beginAnew(): void {
    this.endFollowing();
    this.#rows = new NumberMap();
    this.#lastLife = 0;
  }

  #isOpen(row: number): boolean {
    const { Ended, Untracked, Unheard } = LifeFlag;
    return ((this.rows.columns.flags[row] ?? 0) & (Ended | Untracked | Unheard)) === 0;
  }

  #close(row: number, flag: number): void {
    this.#open--;
    this.rows.columns.flags[row]! |= flag;
    this.#ended.push((this.rows.columns.id[row] ?? 0) >>> 0);
  }
}
