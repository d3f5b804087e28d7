import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pauses } from '../../../remote-agent/pauses.ts';

function setUp() {
  const told: string[] = [];
  const programs = { pause: () => told.push('pause'), resume: () => told.push('resume') };
  let now = 0n;
  const pauses = new Pauses(
    { pause: () => void programs.pause(), resume: () => void programs.resume() },
    () => (now += 10n),
    ({ why, from, to }) => told.push(`${why} ${from}–${to}`),
  );
  return { pauses, told };
}

test('a pause is told when it begins and when it ends, the programs being paused all that time', () => {
  const { pauses, told } = setUp();
  pauses.pause('silence');
  pauses.pause('silence');
  pauses.resume('silence');
  pauses.resume('silence');
  assert.deepEqual(told, ['pause', 'silence 10–null', 'silence 10–20', 'resume']);
});

test('it lasts as long as any reason for it', () => {
  const { pauses, told } = setUp();
  pauses.pause('request');
  pauses.pause('silence');
  pauses.resume('silence'); // the editor is heard again, and still wants the pause
  assert.deepEqual(told, ['pause', 'request 10–null']);
  pauses.resume('request');
  assert.deepEqual(told.slice(2), ['request 10–20', 'resume']);
});

test('a ping without a pause is nothing', () => {
  const { pauses, told } = setUp();
  pauses.resume('silence');
  assert.deepEqual(told, []);
});

test('the end of the trace ends a pause, and the programs stay as they are', () => {
  const { pauses, told } = setUp();
  pauses.end();
  pauses.pause('silence');
  pauses.end();
  assert.deepEqual(told, ['pause', 'silence 10–null', 'silence 10–20']);
});
