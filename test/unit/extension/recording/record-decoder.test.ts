import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnStore } from '../../../../extension/recording/event-store.ts';
import { Symbols } from '../../../../extension/recording/symbols.ts';
import { attached, batch, functionAddress, kernelAddress } from '../../../support/agent/records.ts';

test('a drop of a packet that is not shown any more is its outcome, and no step', () => {
  const store = new ColumnStore();
  store.setSymbols(
    new Symbols(attached(['ip_output'], { dropReasons: [{ value: 6, name: 'NETFILTER_DROP' }] })),
  );
  const life = 7;
  store.append(
    batch([
      { life, address: kernelAddress(functionAddress(0)) },
      { life, kind: 'drop', dropReason: 6, quiet: true },
      { life, quiet: true, ends: true },
    ]),
  );
  assert.equal(store.length, 1);
  assert.equal(store.trajectories.outcome(0), 'dropped');
  assert.equal(store.trajectories.outcomeReason(0), 'NETFILTER_DROP');
});
