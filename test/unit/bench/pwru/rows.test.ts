import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Row, rowCells } from '../../../bench/pwru/rows.ts';
import { figureOf, figureText } from '../../../bench/pwru/statistics.ts';

test('a figure is the median of its tries, with the spread', () => {
  assert.equal(figureText(figureOf([0.61, 0.49, 0.52])), '0.52 (0.49–0.61)');
  assert.equal(figureText(figureOf([1234.4, 1000])), '1,117 (1,000–1,234)');
  assert.equal(figureText(figureOf([7])), '7');
  assert.throws(() => figureOf([]), /no tries/);
});

const cells = (more: Partial<Row>) =>
  rowCells({
    ...{ measure: 'start', unit: 's', theirs: figureOf([8]), ours: figureOf([2]), goal: undefined },
    ...more,
  });

test('a row says the ratio and whether its goal holds', () => {
  assert.deepEqual(cells({}).slice(2, 7), ['8', '2', '0.25 ×', '', '']);
  assert.deepEqual(cells({ goal: { atMostTimes: 0.25 } }).slice(5, 7), ['≤ 0.25 ×', 'yes']);
  assert.deepEqual(cells({ goal: { atMostTimes: 0.2 } }).slice(5, 7), ['≤ 0.2 ×', 'NO']);
  assert.deepEqual(cells({ goal: { atLeastTimes: 20 } }).slice(5, 7), ['≥ 20 ×', 'NO']);
  assert.deepEqual(cells({ goal: { atMost: 65 } }).slice(5, 7), ['≤ 65', 'yes']);
  assert.deepEqual(cells({ goal: { atLeast: 100 } }).slice(5, 7), ['≥ 100', 'NO']);
});

test('without a figure of pwru there is no ratio, and no goal that needs one', () => {
  assert.deepEqual(cells({ theirs: undefined, goal: { atMostTimes: 1 } }).slice(2, 7), [
    '–',
    '2',
    '–',
    '≤ 1 ×',
    '',
  ]);
  assert.deepEqual(cells({ theirs: figureOf([0]) })[4], '–');
});
