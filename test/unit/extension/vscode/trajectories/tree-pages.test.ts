import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PAGE,
  rootNodes,
  rootNodesOf,
  stepNodes,
} from '../../../../../extension/vscode/trajectories/tree-pages.ts';

const ids = (nodes: ReturnType<typeof rootNodes>) =>
  nodes.map((node) =>
    node.kind === 'trajectory' ? node.id : `${node.kind} ${node.kind === 'more' && node.hidden}`,
  );

test('the root has the newest first, and a row for the rest', () => {
  assert.deepEqual(ids(rootNodes(0, 0, 3)), []);
  assert.deepEqual(ids(rootNodes(0, 3, 3)), [2, 1, 0]);
  assert.deepEqual(ids(rootNodes(0, 5, 3)), [4, 3, 2, 'more 2']);
  assert.deepEqual(ids(rootNodes(0, 5, 6)), [4, 3, 2, 1, 0]);
});

test('what was cleared does not come back', () => {
  assert.deepEqual(ids(rootNodes(5, 5, 3)), []);
  assert.deepEqual(ids(rootNodes(5, 7, 3)), [6, 5]);
  assert.deepEqual(ids(rootNodes(5, 10, 3)), [9, 8, 7, 'more 2']);
});

test('a million trajectories cost one page', () => {
  assert.equal(rootNodes(0, 1_000_000, PAGE).length, PAGE + 1);
});

test('some trajectories only: the newest first, a row for the rest, none of those cleared', () => {
  assert.deepEqual(ids(rootNodesOf([], 0, 3)), []);
  assert.deepEqual(ids(rootNodesOf([1, 4, 9], 0, 3)), [9, 4, 1]);
  assert.deepEqual(ids(rootNodesOf([1, 4, 9, 12], 0, 2)), [12, 9, 'more 2']);
  assert.deepEqual(ids(rootNodesOf([1, 4, 9, 12], 4, 2)), [12, 9, 'more 1']);
  assert.deepEqual(ids(rootNodesOf([1, 4], 5, 2)), []);
});

test('steps are oldest first, in pages', () => {
  assert.deepEqual(stepNodes(7, 2, 2), [
    { kind: 'step', id: 7, nth: 0 },
    { kind: 'step', id: 7, nth: 1 },
  ]);
  assert.deepEqual(stepNodes(7, 5, 1), [
    { kind: 'step', id: 7, nth: 0 },
    { kind: 'more', of: 7, hidden: 4 },
  ]);
});
