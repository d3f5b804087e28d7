import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './pwru.ts';
import type { Story, TraceEvent } from './story.ts';

function story(...names: string[]): Story {
  const steps = names.map((name, event): TraceEvent => ({
    ...{
      event,
      kind: 'function',
      edge: null,
      skb: '0x1',
      comm: '',
      function: name,
      module: '',
      reason: null,
    },
    ...{ netns: 0, ifindex: 0, device: null, tuple: null },
  }));
  return {
    root: { id: 0, steps, end: 'consumed', reason: null, children: [] },
    outcome: 'consumed',
    reason: null,
    events: steps,
  };
}

const plan = {
  functions: ['ip_rcv', 'udp_rcv', 'tcp_rcv.isra.0'].map((name) => ({
    name,
    address: 0,
    module: '',
    argument: 1,
  })),
  skipped: [{ reason: 'notrace', names: ['hidden.part.0'] }],
};

test('each hit of pwru needs one of ours, of the same packet and function', () => {
  const hit = (name: string, skb = '0x1') => ({ skb, function: name });
  const stories = [story('ip_rcv', 'ip_rcv', 'tcp_rcv')];
  assert.deepEqual(compare([hit('ip_rcv'), hit('ip_rcv'), hit('tcp_rcv')], stories, plan).both, 3);
  const { lacking, both } = compare(
    [hit('ip_rcv'), hit('ip_rcv'), hit('ip_rcv'), hit('udp_rcv')],
    stories,
    plan,
  );
  assert.deepEqual([both, lacking], [2, ['ip_rcv at 0x1', 'udp_rcv at 0x1']]);
  assert.deepEqual(compare([hit('ip_rcv', '0x2')], stories, plan).lacking, ['ip_rcv at 0x2']);
});

test('functions that we do not probe are told with why', () => {
  const { notProbed, lacking } = compare(
    ['hidden', '__build_skb'].map((name) => ({ skb: '0x1', function: name })),
    [story('ip_rcv')],
    plan,
  );
  assert.deepEqual([...notProbed.values()], [1, 1]);
  assert.match([...notProbed.keys()].join(), /hidden: notrace,__build_skb: makes an skb/);
  assert.deepEqual(lacking, []);
});
