import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FramePool } from '../../../../remote-agent/events/frame-pool.ts';

const LARGE = 500 * 1024;

test('what was given back is used again, and nothing else', () => {
  const pool = new FramePool();
  const first = pool.take(LARGE);
  const second = pool.take(LARGE);
  assert.notEqual(first.buffer, second.buffer);
  pool.give(first);
  const third = pool.take(LARGE - 8);
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, LARGE - 8);
  assert.notEqual(pool.take(LARGE).buffer, first.buffer);
});

test('a little is kept, and of small frames nothing', () => {
  const pool = new FramePool();
  const frames = Array.from({ length: 20 }, () => pool.take(LARGE));
  for (const frame of frames) pool.give(frame);
  const again = new Set(frames.map(() => pool.take(LARGE).buffer));
  assert.equal(frames.filter(({ buffer }) => again.has(buffer)).length, 8);
  const small = pool.take(100);
  assert.equal(small.length, 100);
  pool.give(small);
  assert.notEqual(pool.take(LARGE).buffer, small.buffer);
});
