import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storyTotals } from '../../../../extension/recording/story-totals.ts';
import { hasLosses, lossText, lostText, totalsText } from '../../../../extension/recording/wording.ts';
import { FakeCapture } from '../../../support/agent/fake-capture.ts';

const step = { name: 'f', time: 0 };
const NONE = { lost: 0, missed: 0, untracked: 0 };

test('a packet and its copies are one, told by its outcome', () => {
  const dropped = [{ ...step, reason: 'NETFILTER_DROP' }];
  const leftOver = [{ ...step, reason: 'NO_SOCKET' }];
  const capture = new FakeCapture(
    [leftOver, [step], dropped, dropped, [{ ...step, drop: true }], [step], [step], [step], [step]],
    {
      1: { parent: 0, end: 'delivered' },
      5: { end: 'transmitted' },
      7: { end: 'consumed' },
      8: { end: 'unknown' },
    },
  );
  const totals = storyTotals(capture.trajectories);
  assert.equal(totals.packets, 8);
  assert.equal(totals.trajectories, 9);
  assert.equal(
    totalsText(totals, { events: 1234, ...NONE, incomplete: undefined }),
    '8 packets: 1 delivered, 1 transmitted, 3 dropped (NETFILTER_DROP 2, no reason given 1), 1 consumed, ' +
      '1 not followed to the end, 1 still alive. 1,234 events, 0 lost.',
  );
});

test('what is lost, missed, untracked and incomplete is told', () => {
  const totals = storyTotals(new FakeCapture([]).trajectories);
  const losses = { lost: 1, missed: 2000, untracked: 3 };
  assert.equal(
    totalsText(totals, { events: 0, ...losses, incomplete: '5 events did not arrive.' }),
    '0 packets: 0 delivered, 0 transmitted, 0 dropped, 0 still alive. ' +
      '0 events, 1 lost, 2,000 missed, 3 untracked. 5 events did not arrive.',
  );
  assert.equal(lossText(NONE), '0 lost');
  assert.equal(hasLosses(NONE), false);
  assert.equal(lostText(NONE), '');
  for (const kind of ['lost', 'missed', 'untracked'] as const) {
    const some = { ...NONE, [kind]: 1 };
    assert.equal(hasLosses(some), true);
    assert.equal(lostText(some).split('\n').length, 1);
  }
});
