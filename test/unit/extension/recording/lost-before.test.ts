/** Gap marks: the first step after a loss on its CPU tells of it, whatever told the editor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnStore } from '../../../../extension/recording/event-store.ts';
import { batch, type TestEvent } from '../../../support/agent/records.ts';

function marks(events: TestEvent[]): number[] {
  const store = new ColumnStore();
  store.append(batch(events));
  return Array.from({ length: store.length }, (_, event) => store.lostBefore(event));
}

test('a step tells what was lost on its CPU since the one before', () => {
  assert.deepEqual(
    marks([{ cpu: 0, lostTotal: 5 }, { cpu: 1, lostTotal: 2 }, { cpu: 0 }, { cpu: 0, lostTotal: 6 }]),
    [5, 2, 0, 1],
  );
});

test('what an event tells that is no step, the next step on that CPU shows', () => {
  assert.deepEqual(
    marks([
      { cpu: 0, lostTotal: 5, quiet: true },
      { cpu: 1 },
      { cpu: 0, lostTotal: 7, quiet: true },
      { cpu: 0 },
      { cpu: 0 },
    ]),
    [0, 7, 0],
  );
});

test('a total that wraps is no loss of four billion', () => {
  assert.deepEqual(marks([{ lostTotal: 0xffff_fffe }, { lostTotal: 1 }]).slice(1), [3]);
});
