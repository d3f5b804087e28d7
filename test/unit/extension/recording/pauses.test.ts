import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracePause } from '../../../../extension/recording/capture.ts';
import {
  isPaused,
  pauseDuration,
  pausedMilliseconds,
  pausedText,
  pauseText,
} from '../../../../extension/recording/pauses.ts';
import { hello } from '../../../support/agent/records.ts';

const SECOND = 1_000_000_000n;
const pause = (from: bigint, to?: bigint): TracePause => ({
  why: 'silence',
  from: from * SECOND,
  to: to === undefined ? undefined : to * SECOND,
  next: 0,
});

test('a pause says how long and why; while it lasts only why', () => {
  const at = hello({ realtimeOffset: '0' });
  assert.equal(
    pauseText(pause(3n, 15n), at),
    "The trace was paused for 12.0 s (1970-01-01T00:00:03.000Z to 1970-01-01T00:00:15.000Z, target's clock), " +
      'because the target heard nothing from here: what packets did meanwhile is not known.',
  );
  assert.match(pauseText(pause(3n), at), /^The trace is paused, because the target heard nothing from here/);
  assert.match(
    pauseText({ ...pause(3n, 4n), why: 'request' }, undefined),
    /for 1\.0 s, because it was asked to/,
  );
});

test('the totals count those that are over, and tell of one that is not', () => {
  const cases: [TracePause[], string, boolean][] = [
    [[], '', false],
    [[pause(1n, 3n)], ', paused 2.0 s', false],
    [[pause(1n, 3n), pause(5n, 6n)], ', paused 3.0 s', false],
    [[pause(1n)], ', paused', true],
    [[pause(1n, 3n), pause(5n)], ', paused 2.0 s and again', true],
  ];
  for (const [pauses, text, now] of cases) {
    assert.equal(pausedText(pauses), text);
    assert.equal(isPaused(pauses), now);
  }
  assert.equal(pausedMilliseconds([pause(1n, 3n), pause(5n)]), 2000);
});

test('a target whose clock goes backwards paused for no time', () => {
  assert.equal(pauseDuration(pause(5n, 3n)), 0);
});
