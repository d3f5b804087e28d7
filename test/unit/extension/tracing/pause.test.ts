import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import type { TracePause } from '../../../../extension/recording/capture.ts';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import { startCapture } from '../../../../extension/tracing/engine.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import { attached, hello, kernelAddress } from '../../../support/agent/records.ts';

afterEach(endFakeAgents);

async function running() {
  const agent = new FakeAgent();
  const starting = startCapture(agent.connection, {
    filter: NO_FILTER,
    asked: { functions: null, backend: 'auto' },
  });
  agent.send(hello());
  agent.send(attached(['ip_rcv']));
  const capture = await starting;
  const told: TracePause[] = [];
  capture.on('paused', (pause) => told.push(pause));
  return { agent, capture, told };
}

const silence = { type: 'paused', why: 'silence', from: '9007199254740993' } as const;
const skb = (nth: number) => ({ skb: kernelAddress(0x8880_0000_0000 + nth * 0x100) });

test('a pause is told twice and kept once, with its times whole', async () => {
  const { agent, capture, told } = await running();
  agent.send({ ...silence, to: null });
  await settled();
  assert.equal(capture.pauses.length, 1);
  assert.equal(capture.pauses[0]?.to, undefined);
  agent.send({ ...silence, to: '9007199254740999' });
  agent.send({ ...silence, from: '9007199254741000', to: null });
  await settled();
  assert.deepEqual(
    told.map(({ from, to }) => [from, to]),
    [
      [9007199254740993n, undefined],
      [9007199254740993n, 9007199254740999n],
      [9007199254741000n, undefined],
    ],
  );
  assert.deepEqual(capture.pauses, [told[1], told[2]]);
  await capture.stop();
});

test('packets from before a pause were not followed to their end, unless they had reached it', async () => {
  const { agent, capture } = await running();
  agent.sendEvents([skb(0), { ...skb(1), ends: true }, { ...skb(2), kind: 'drop' }]);
  agent.send({ ...silence, to: null });
  await settled();
  const ends = () =>
    Array.from({ length: capture.trajectories.length }, (_, id) => capture.trajectories.end(id));
  assert.equal(ends()[0], 'alive');
  const before = ends();
  agent.send({ ...silence, to: '9007199254740999' });
  agent.sendEvents([skb(3)]);
  await settled();
  assert.deepEqual(ends(), ['unknown', ...before.slice(1), 'alive']);
  assert.equal(capture.pauses[0]?.next, 3);
  assert.equal(capture.trajectories.outcome(0), 'unknown');
  await capture.stop();
});

test('a trace goes on after a pause, and the stop is as any', async () => {
  const { agent, capture } = await running();
  agent.send({ ...silence, to: null });
  agent.send({ ...silence, to: '9007199254740999' });
  agent.sendEvents([skb(0)]);
  agent.end = { type: 'end', why: 'stop', events: 1, lost: 0, milliseconds: { detach: 1 } };
  const end = await capture.stop();
  assert.deepEqual([end.why, end.events, end.incomplete], ['stopped', 1, undefined]);
});
