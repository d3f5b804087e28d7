import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Throttle } from '../../../../extension/base/throttle.ts';

/** A throttle of 250 ms on a clock that the test moves; `runs` has the times at which the action ran. */
function setUp(t: { after: (fn: () => void) => void }) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.after(() => mock.timers.reset());
  const runs: number[] = [];
  return { runs, throttle: new Throttle(() => runs.push(Date.now()), 250) };
}

test('the first request runs at once, the last one is never forgotten', (t) => {
  const { runs, throttle } = setUp(t);
  throttle.request();
  throttle.request();
  throttle.request();
  assert.deepEqual(runs, [0]);
  mock.timers.tick(249);
  assert.deepEqual(runs, [0]);
  mock.timers.tick(1);
  assert.deepEqual(runs, [0, 250]);
  mock.timers.tick(1000);
  assert.deepEqual(runs, [0, 250]);
});

test('a steady stream runs at the interval: it neither starves nor floods', (t) => {
  const { runs, throttle } = setUp(t);
  for (let time = 0; time < 2000; time += 10) {
    throttle.request();
    mock.timers.tick(10);
  }
  assert.deepEqual(runs, [0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
});

test('nothing runs after it is disposed of', (t) => {
  const { runs, throttle } = setUp(t);
  throttle.request();
  throttle.request();
  throttle.dispose();
  mock.timers.tick(1000);
  assert.deepEqual(runs, [0]);
});
