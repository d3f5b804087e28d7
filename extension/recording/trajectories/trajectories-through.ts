import type { Capture } from '../capture.ts';
import type { EventIndex, TrajectoryId } from '../types.ts';

/** The trajectories that passed one of some functions; follows its capture, looking at each event once. */
export class TrajectoriesThrough {
  private readonly found = new Set<TrajectoryId>();
  private inOrder: readonly TrajectoryId[] = [];
  private next: EventIndex = 0;
  /** Trajectories before this one are not among those found. */
  private first: TrajectoryId = 0;

  /** @param names as in the source, without compiler suffixes */
  constructor(
    private readonly capture: Pick<Capture, 'functionCounts' | 'store' | 'trajectories'>,
    private readonly names: readonly string[],
  ) {}

  /** Those of now that are kept, in order; the same array as long as they are the same. */
  ids(): readonly TrajectoryId[] {
    const { store } = this.capture;
    const changed = [this.forget(), this.next < store.length && this.look()].includes(true);
    if (changed) this.inOrder = [...this.found].sort((a, b) => a - b);
    return this.inOrder;
  }

  private look(): boolean {
    const { functionCounts, store, trajectories } = this.capture;
    const numbers = new Set(
      this.names.flatMap((name) => functionCounts.of(name).map(({ number }) => number)),
    );
    const before = this.found.size;
    for (this.next = Math.max(this.next, store.first); this.next < store.length; this.next++) {
      const number = functionCounts.functionOf(this.next);
      if (number === undefined || !numbers.has(number)) continue;
      const id = store.trajectory(this.next);
      if (trajectories.has(id)) this.found.add(id);
    }
    return this.found.size > before;
  }

  /** Leaves out those that the capture forgot since the last time. */
  private forget(): boolean {
    const { trajectories } = this.capture;
    if (this.first === trajectories.first) return false;
    this.first = trajectories.first;
    const before = this.found.size;
    for (const id of this.found) if (!trajectories.has(id)) this.found.delete(id);
    return this.found.size < before;
  }
}
