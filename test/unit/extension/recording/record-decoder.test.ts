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

test('what a BPF program returned is a step with a verdict', () => {
  const store = new ColumnStore();
  const program = { id: 42, kind: 'tc' } as const;
  const { functions } = attached(['ip_rcv']);
  const classify = { address: 42, name: 'classify(tc)', module: '', argument: 1, program };
  store.setSymbols(new Symbols(attached([], { functions: [...functions, classify] })));
  const life = 7;
  store.append(
    batch([
      { life, address: 42n },
      { life, address: 42n, kind: 'verdict', verdict: -1, lostTotal: 3 },
      { life, address: 42n, kind: 'verdict', verdict: 99 },
      { life, address: kernelAddress(functionAddress(0)) },
      { life, address: 43n, kind: 'verdict', verdict: 2 },
    ]),
  );
  const events = Array.from({ length: store.length }, (_, event) => event);
  assert.deepEqual(
    events.map((event) => [store.functionName(event), store.verdict(event), store.program(event)?.id]),
    [
      ['classify(tc)', undefined, 42],
      ['classify(tc)', 'TC_ACT_UNSPEC', 42],
      ['classify(tc)', '99', 42],
      ['ip_rcv', undefined, undefined],
      [store.functionName(4), '2', undefined], // of nobody knows which program
    ],
  );
  assert.equal(store.lostBefore(1), 3);
  assert.equal(store.place(0), undefined, 'a program has no place in the kernel’s source');
  assert.equal(store.place(3)?.name, 'ip_rcv');
});

test('what XDP returns decides what becomes of a packet, unless its skb tells more', () => {
  const programs = (['xdp', 'tc'] as const).map((kind, index) => ({
    address: 42 + index,
    name: `f(${kind})`,
    module: '',
    argument: 1,
    program: { id: 42 + index, kind },
  }));
  const { functions } = attached(['dev_hard_start_xmit', 'ip_rcv']);
  const store = new ColumnStore();
  store.setSymbols(new Symbols(attached([], { functions: [...functions, ...programs] })));
  const returned = (life: number, verdict: number, place = 42n) =>
    ({
      life,
      skb: kernelAddress(life * 4096),
      address: place,
      kind: 'verdict',
      verdict,
      ends: true,
    }) as const;
  store.append(
    batch([
      returned(1, 0),
      returned(2, 1),
      returned(3, 2),
      returned(4, 3),
      returned(5, 4),
      returned(6, 77),
      returned(7, 2, 43n),
      returned(8, 4),
      {
        life: 9,
        parent: 8,
        skb: kernelAddress(9 * 4096),
        address: kernelAddress(functionAddress(1)),
        ends: true,
      },
    ]),
  );
  const { trajectories } = store;
  assert.deepEqual(
    trajectories.ids().map((id) => [trajectories.end(id), trajectories.dropReason(id)]),
    [
      ['dropped', 'XDP_ABORTED'],
      ['dropped', 'XDP_DROP'],
      ['consumed', undefined],
      ['transmitted', undefined],
      ['transmitted', undefined],
      ['dropped', '77'],
      ['consumed', undefined], // TC_ACT_SHOT: the kernel's own drop tells
      ['consumed', undefined], // redirected to a CPU, as its child tells
      ['consumed', undefined],
    ],
  );
  assert.equal(trajectories.outcome(7), 'consumed');
});
