import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, NumberMap } from '../../../../../extension/recording/store/number-map.ts';
import { NumberQueue } from '../../../../../extension/recording/store/number-queue.ts';
import { newestBelow } from '../../../../../extension/recording/store/wrapped.ts';
import { randomNumbers } from '../../../../support/random-numbers.ts';

test('a map of numbers is as Map, whatever comes and goes', () => {
  const random = randomNumbers(7);
  const map = new NumberMap();
  const oracle = new Map<number, number>();
  for (let step = 0; step < 20_000; step++) {
    // Few keys, so that they come again, and both ends of what 32 bits hold.
    const key = (random(700) * 0x0101_0101) >>> 0;
    if (random(100) < 45) {
      map.delete(key);
      oracle.delete(key);
    } else {
      map.set(key, step);
      oracle.set(key, step);
    }
    assert.equal(map.size, oracle.size);
    assert.equal(map.get(key), oracle.get(key) ?? ABSENT);
  }
  for (let nth = 0; nth < 700; nth++) {
    const key = (nth * 0x0101_0101) >>> 0;
    assert.equal(map.get(key), oracle.get(key) ?? ABSENT);
  }
});

test('a queue gives back what came first, however it has turned in its ring', () => {
  const queue = new NumberQueue();
  let pushed = 0;
  let shifted = 0;
  const push = (times: number) => {
    for (let nth = 0; nth < times; nth++) queue.push(pushed++);
  };
  const shift = (times: number) => {
    for (let nth = 0; nth < times; nth++) {
      assert.equal(queue.peek(), shifted++);
      queue.shift();
    }
  };
  push(50);
  shift(40);
  push(300); // grows while its end lies before its beginning
  shift(200);
  push(3000);
  assert.equal(queue.length, pushed - shifted);
  shift(queue.length);
  assert.equal(shifted, 3350);
});

test('a number is known by its low bits and the newest one', () => {
  for (const end of [10, 2 ** 31 + 10, 2 ** 32, 2 ** 32 + 10, 5 * 2 ** 32 + 3])
    for (const back of [1, 2, 9]) assert.equal(newestBelow(end, (end - back) >>> 0), end - back);
});
