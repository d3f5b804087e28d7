import type { Capture } from '../capture.ts';
import type { TrajectoryId } from '../types.ts';

/** The trajectories that passed one of some functions; follows its capture, looking at each event once. */
export class TrajectoriesThrough {
  private readonly found: TrajectoryId[] = [];
  /** By trajectory: 1 when it is among those found. */
  private seen = new Uint8Array(1024);
  private next = 0;

  /** @param names as in the source, without compiler suffixes */
  constructor(
    private readonly capture: Pick<Capture, 'functionCounts' | 'store' | 'trajectories'>,
    private readonly names: readonly string[],
  ) {}

  /** Those of now, in order. */
  ids(): readonly TrajectoryId[] {
    const { functionCounts, store, trajectories } = this.capture;
    if (this.next === store.length) return this.found;
    if (trajectories.length > this.seen.length) {
      const larger = new Uint8Array(trajectories.length * 2);
      larger.set(this.seen);
      this.seen = larger;
    }
    const numbers = new Set(
      this.names.flatMap((name) => functionCounts.of(name).map(({ number }) => number)),
    );
    const before = this.found.length;
    for (; this.next < store.length; this.next++) {
      const number = functionCounts.functionOf(this.next);
      if (number === undefined || !numbers.has(number)) continue;
      const id = store.trajectory(this.next);
      if (this.seen[id] === 1) continue;
      this.seen[id] = 1;
      this.found.push(id);
    }
    if (this.found.length > before) this.found.sort((a, b) => a - b);
    return this.found;
  }
}
