import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stories, storiesOf } from '../../../../../extension/vscode/trajectories/stories.ts';
import {
  copyNodes,
  newestAround,
  PAGE,
  rootNodes,
  stepNodes,
} from '../../../../../extension/vscode/trajectories/tree-pages.ts';

const upTo = (length: number) => Array.from({ length }, (_, id) => id);

const ids = (nodes: ReturnType<typeof rootNodes>) =>
  nodes.map((node) =>
    node.kind === 'trajectory' ? node.id : `${node.kind} ${node.kind === 'more' && node.hidden}`,
  );

test('the root has the newest first, and a row for the rest', () => {
  assert.deepEqual(ids(rootNodes(upTo(0), 0, 3)), []);
  assert.deepEqual(ids(rootNodes(upTo(3), 0, 3)), [2, 1, 0]);
  assert.deepEqual(ids(rootNodes(upTo(5), 0, 3)), [4, 3, 2, 'more 2']);
  assert.deepEqual(ids(rootNodes(upTo(5), 0, 6)), [4, 3, 2, 1, 0]);
});

test('a pause is between the packets before it and after it', () => {
  const rows = (stories: number[], from: number, limit: number, pauses: number[]) =>
    rootNodes(stories, from, limit, pauses).map((node) =>
      node.kind === 'trajectory' ? node.id : node.kind === 'pause' ? `pause ${node.nth}` : node.kind,
    );
  assert.deepEqual(rows(upTo(4), 0, 9, [2]), [3, 2, 'pause 0', 1, 0]);
  assert.deepEqual(rows([0, 2, 5], 0, 9, [3, 4]), [5, 'pause 1', 'pause 0', 2, 0]); // copies have numbers too
  assert.deepEqual(rows(upTo(2), 0, 9, [2]), ['pause 0', 1, 0]); // it lasts
  assert.deepEqual(rows(upTo(6), 0, 2, [1, 5]), [5, 'pause 1', 4, 'more']);
  assert.deepEqual(rows(upTo(6), 3, 9, [3]), [5, 4, 3], 'cleared with the packets before it');
});

test('what was cleared does not come back', () => {
  assert.deepEqual(ids(rootNodes(upTo(5), 5, 3)), []);
  assert.deepEqual(ids(rootNodes(upTo(7), 5, 3)), [6, 5]);
  assert.deepEqual(ids(rootNodes(upTo(10), 5, 3)), [9, 8, 7, 'more 2']);
});

test('an old packet is shown in a page around it, however many are newer', () => {
  const stories = upTo(1_000_000);
  const newest = newestAround(stories, 5);
  const rows = rootNodes(stories, 0, PAGE, [], newest);
  assert.ok(rows.length <= PAGE + 2, `${rows.length} rows`);
  assert.ok(rows.some((row) => row.kind === 'trajectory' && row.id === 5));
  assert.deepEqual(rows[0], { kind: 'more', of: undefined, what: 'newer', hidden: 999_999 - (newest ?? 0) });
  for (const id of [0, 499_999, 998_999, 999_500, 999_999])
    assert.ok(
      rootNodes(stories, 0, PAGE, [], newestAround(stories, id)).some(
        (row) => row.kind === 'trajectory' && row.id === id,
      ),
      `${id}`,
    );
  // New ones are shown by themselves where the newest page is.
  assert.equal(newestAround(stories, 999_900), undefined);
});

test('a window between others has a row at both ends, and is left when it is forgotten', () => {
  assert.deepEqual(ids(rootNodes(upTo(9), 0, 3, [], 5)), ['more 3', 5, 4, 3, 'more 3']);
  assert.deepEqual(ids(rootNodes([7, 8, 9], 0, 3, [], 5)), [9, 8, 7]);
});

test('stories that were forgotten are listed no more', () => {
  const trajectories = {
    first: 0,
    length: 6,
    has: (id: number) => id >= trajectories.first && id !== 3,
    root: (id: number) => id - (id % 2),
  };
  const stories = new Stories(trajectories);
  assert.deepEqual(stories.ids(), [0, 2, 4]);
  Object.assign(trajectories, { first: 3, length: 9 });
  assert.deepEqual(stories.ids(), [4, 6, 8]);
  Object.assign(trajectories, { first: 10, length: 13 });
  assert.deepEqual(stories.ids(), [10, 12]);
});

test('a million trajectories cost one page, and each is looked at once', () => {
  let looks = 0;
  const root = (id: number) => {
    looks++;
    return id - (id % 2); // every other one is a copy
  };
  const trajectories = { first: 0, length: 1_000_000, has: () => true, root };
  const stories = new Stories(trajectories);
  for (let refresh = 0; refresh < 10; refresh++) {
    const nodes = rootNodes(stories.ids(), 0, PAGE);
    assert.equal(nodes.length, PAGE + 1);
    assert.deepEqual(nodes[0], { kind: 'trajectory', id: 999_998 });
    assert.deepEqual(nodes.at(-1), { kind: 'more', of: undefined, what: 'stories', hidden: 500_000 - PAGE });
  }
  assert.equal(looks, 1_000_000);
  trajectories.length += 3;
  assert.deepEqual(ids(rootNodes(stories.ids(), 999_999, 5)), [1_000_002, 1_000_000]);
});

test('the stories of some trajectories, each once', () => {
  assert.deepEqual(storiesOf([1, 2, 5, 7], { root: (id) => (id === 5 ? 0 : id === 2 ? 1 : id) }), [0, 1, 7]);
});

test('some trajectories only: the newest first, a row for the rest, none of those cleared', () => {
  assert.deepEqual(ids(rootNodes([], 0, 3)), []);
  assert.deepEqual(ids(rootNodes([1, 4, 9], 0, 3)), [9, 4, 1]);
  assert.deepEqual(ids(rootNodes([1, 4, 9, 12], 0, 2)), [12, 9, 'more 2']);
  assert.deepEqual(ids(rootNodes([1, 4, 9, 12], 4, 2)), [12, 9, 'more 1']);
  assert.deepEqual(ids(rootNodes([1, 4], 5, 2)), []);
});

test('steps are oldest first, in pages', () => {
  assert.deepEqual(stepNodes(7, 2, 2), [
    { kind: 'step', id: 7, nth: 0 },
    { kind: 'step', id: 7, nth: 1 },
  ]);
  assert.deepEqual(stepNodes(7, 5, 1), [
    { kind: 'step', id: 7, nth: 0 },
    { kind: 'more', of: 7, what: 'steps', hidden: 4 },
  ]);
});

test('copies come in pages too', () => {
  assert.deepEqual(ids(copyNodes(7, [8, 12], 2)), [8, 12]);
  assert.deepEqual(copyNodes(7, [8, 12, 13], 1), [
    { kind: 'trajectory', id: 8 },
    { kind: 'more', of: 7, what: 'copies', hidden: 2 },
  ]);
});
