/** Which children a tree node shows: pages, so that a node with a million children stays cheap. */
import type { Detail } from '../../recording/extras/detail.ts';
import type { TrajectoryId } from '../../recording/types.ts';

export const PAGE = 1000;

export interface StepNode {
  kind: 'step';
  id: TrajectoryId;
  nth: number;
}

/** Something that a step tells on request, or a part of it. */
export interface DetailNode {
  kind: 'detail';
  /** Of the step. */
  id: TrajectoryId;
  nth: number;
  detail: Detail;
  /** Positions from the step down to it: names may come twice, as in a stack. */
  path: string;
  parent: StepNode | DetailNode;
}

export type TreeNode =
  /** A packet at the root of the tree, and below another one a copy of it. */
  | { kind: 'trajectory'; id: TrajectoryId }
  | StepNode
  | DetailNode
  /** Between the packets before and after a pause, the nth of the capture. */
  | { kind: 'pause'; nth: number }
  /** "Load more" around the stories (`of` undefined), or below the steps or the copies of a trajectory. */
  | {
      kind: 'more';
      of: TrajectoryId | undefined;
      what: 'newer' | 'stories' | 'steps' | 'copies';
      hidden: number;
    };

/**
 * A window of the stories, newest first, and between them the pauses.
 * @param stories in order
 * @param from those before it were cleared
 * @param pauses of each, in order, the first trajectory after it
 * @param newest that is shown; while there are none up to it, the newest of all
 */
export function rootNodes(
  stories: readonly TrajectoryId[],
  from: TrajectoryId,
  limit: number,
  pauses: readonly TrajectoryId[] = [],
  newest: TrajectoryId = Infinity,
): TreeNode[] {
  const first = firstFrom(stories, from);
  const wanted = firstFrom(stories, newest + 1);
  const end = wanted > first ? wanted : stories.length;
  const shown = stories.slice(Math.max(first, end - limit), end).reverse();
  const nodes: TreeNode[] = [];
  const more = (what: 'newer' | 'stories', hidden: number) => {
    if (hidden > 0) nodes.push({ kind: 'more', of: undefined, what, hidden });
  };
  more('newer', stories.length - end);
  let pause = pauses.length - 1;
  // Those after the window are above it.
  const above = stories[end] ?? Infinity;
  while (pause >= 0 && (pauses[pause] ?? 0) > above) pause--;
  for (const id of shown) {
    for (; pause >= 0 && (pauses[pause] ?? 0) > id; pause--) nodes.push({ kind: 'pause', nth: pause });
    nodes.push({ kind: 'trajectory', id });
  }
  more('stories', end - first - shown.length);
  return nodes;
}

/** Which story must be the newest shown so that one is among a page: undefined: the newest of all. */
export function newestAround(stories: readonly TrajectoryId[], id: TrajectoryId): TrajectoryId | undefined {
  const at = firstFrom(stories, id);
  return stories.length - at <= PAGE ? undefined : stories[at + PAGE / 2];
}

/** The first `limit` steps of a trajectory, oldest first. */
export function stepNodes(id: TrajectoryId, count: number, limit: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let nth = 0; nth < Math.min(count, limit); nth++) nodes.push({ kind: 'step', id, nth });
  if (count > limit) nodes.push({ kind: 'more', of: id, what: 'steps', hidden: count - limit });
  return nodes;
}

/** The first `limit` copies of a trajectory, oldest first. */
export function copyNodes(id: TrajectoryId, copies: readonly TrajectoryId[], limit: number): TreeNode[] {
  const nodes: TreeNode[] = copies.slice(0, limit).map((copy) => ({ kind: 'trajectory', id: copy }));
  if (copies.length > limit)
    nodes.push({ kind: 'more', of: id, what: 'copies', hidden: copies.length - limit });
  return nodes;
}

/** Below a step, or below one of its details. */
export function detailNodes(parent: StepNode | DetailNode, details: readonly Detail[]): DetailNode[] {
  const { id, nth } = parent;
  const above = parent.kind === 'step' ? '' : `${parent.path}/`;
  return details.map((detail, at) => ({ kind: 'detail', id, nth, detail, path: `${above}${at}`, parent }));
}

/** Index of the first of some rising numbers that is not below a bound. */
function firstFrom(ids: readonly number[], from: number): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
