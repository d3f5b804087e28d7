/** Which children a tree node shows: pages, so that a node with a million children stays cheap. */
import type { TrajectoryId } from '../../recording/types.ts';

export const PAGE = 1000;

export type TreeNode =
  | { kind: 'trajectory'; id: TrajectoryId }
  | { kind: 'step'; id: TrajectoryId; nth: number }
  /** "Load more" below the trajectories (`of` undefined) or below the steps of one. */
  | { kind: 'more'; of: TrajectoryId | undefined; hidden: number };

/** Trajectories `from` … `length`-1, newest first, the newest `limit` of them. */
export function rootNodes(from: number, length: number, limit: number): TreeNode[] {
  const oldest = Math.max(from, length - limit);
  const nodes: TreeNode[] = [];
  for (let id = length - 1; id >= oldest; id--) nodes.push({ kind: 'trajectory', id });
  if (oldest > from) nodes.push({ kind: 'more', of: undefined, hidden: oldest - from });
  return nodes;
}

/** As rootNodes, of some trajectories only. @param ids in order */
export function rootNodesOf(ids: readonly TrajectoryId[], from: number, limit: number): TreeNode[] {
  const first = ids.findIndex((id) => id >= from);
  const shown = first < 0 ? [] : ids.slice(Math.max(first, ids.length - limit));
  const nodes: TreeNode[] = shown.reverse().map((id) => ({ kind: 'trajectory', id }));
  const hidden = first < 0 ? 0 : ids.length - first - nodes.length;
  if (hidden > 0) nodes.push({ kind: 'more', of: undefined, hidden });
  return nodes;
}

/** The first `limit` steps of a trajectory, oldest first. */
export function stepNodes(id: TrajectoryId, count: number, limit: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let nth = 0; nth < Math.min(count, limit); nth++) nodes.push({ kind: 'step', id, nth });
  if (count > limit) nodes.push({ kind: 'more', of: id, hidden: count - limit });
  return nodes;
}
