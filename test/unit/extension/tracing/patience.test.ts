import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience } from '../../../../extension/tracing/patience.ts';

test('runs out once, counted from what was heard last', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const patience = new Patience();
  let late = 0;
  patience.within(3000, () => late++);
  t.mock.timers.tick(2900);
  patience.heard();
  t.mock.timers.tick(2900);
  assert.equal(late, 0);
  t.mock.timers.tick(10_000);
  assert.equal(late, 1);
});

test('what is stopped does not run out', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const patience = new Patience();
  patience.within(3000, () => assert.fail('it ran out'));
  patience.stop();
  t.mock.timers.tick(10_000);
});

test('time in which nothing could be heard does not count', (t) => {
  // A thread that was blocked finds its timer due once, however long that took.
  let look: () => void = () => undefined;
  t.mock.method(globalThis, 'setInterval', (callback: () => void) => {
    look = callback;
  });
  const patience = new Patience();
  let late = 0;
  patience.within(1000, () => late++);
  for (let looks = 0; looks < 4; looks++) look();
  assert.equal(late, 0);
  look();
  assert.equal(late, 1);
});
