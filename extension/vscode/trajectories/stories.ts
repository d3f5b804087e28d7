/** Which trajectories the root of the tree lists: those that begin a story. */
import type { Trajectories } from '../../recording/capture.ts';
import type { TrajectoryId } from '../../recording/types.ts';

/** The stories of a capture that are kept, by their roots, in order; follows it, looking at each trajectory once. */
export class Stories {
  private found: TrajectoryId[] = [];
  private next = 0;
  /** Stories before this one are not among those found. */
  private first = 0;

  constructor(private readonly trajectories: Pick<Trajectories, 'first' | 'length' | 'has' | 'root'>) {}

  /** Those of now. */
  ids(): readonly TrajectoryId[] {
    const { trajectories } = this;
    const isStory = (id: TrajectoryId) => trajectories.has(id) && trajectories.root(id) === id;
    if (this.first !== trajectories.first) {
      this.first = trajectories.first;
      this.found = this.found.filter(isStory);
    }
    for (this.next = Math.max(this.next, this.first); this.next < trajectories.length; this.next++)
      if (isStory(this.next)) this.found.push(this.next);
    return this.found;
  }
}

/** The stories that some trajectories are of, each once, in order. */
export function storiesOf(
  ids: readonly TrajectoryId[],
  trajectories: Pick<Trajectories, 'root'>,
): TrajectoryId[] {
  return [...new Set(ids.map((id) => trajectories.root(id)))].sort((a, b) => a - b);
}

/** A trajectory and all its copies, theirs too, each before its own. */
export function* membersOf(
  trajectories: Pick<Trajectories, 'children'>,
  id: TrajectoryId,
): Generator<TrajectoryId> {
  const waiting = [id];
  for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
    yield member;
    waiting.push(...[...trajectories.children(member)].reverse());
  }
}
