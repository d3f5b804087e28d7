/** The end of a trace over a slow or broken way: what is left arrives, and what did not is said. */
import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import { startCapture } from '../../../../extension/tracing/engine.ts';
import type { End } from '../../../../common/protocol.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import { attached, eventsFrame, hello } from '../../../support/agent/records.ts';

afterEach(endFakeAgents);

async function running() {
  const agent = new FakeAgent();
  agent.end = undefined;
  const starting = startCapture(agent.connection, {
    filter: NO_FILTER,
    asked: { functions: null, backend: 'auto' },
  });
  agent.send(hello());
  agent.send(attached(['ip_rcv']));
  return { agent, capture: await starting };
}

function totals(more: Partial<End>): End {
  return {
    type: 'end',
    why: 'stop',
    events: 0,
    lost: 0,
    missed: 0,
    untracked: 0,
    milliseconds: { detach: 7 },
    ...more,
  };
}

test('what the agent counted and did not arrive is said', async () => {
  const { agent, capture } = await running();
  const stopping = capture.stop();
  agent.sendEvents([{}, {}]);
  agent.send(totals({ events: 5, lost: 1, missed: 2, untracked: 3 }));
  const end = await stopping;
  assert.equal(end.incomplete, '2 of 5 events arrived.');
  assert.deepEqual([end.lost, end.missed, end.untracked], [1, 2, 3]);
});

test('records that the kernel gave back count on both sides', async () => {
  const { agent, capture } = await running();
  const stopping = capture.stop();
  agent.sendEvents([{}, { discarded: true }]);
  agent.send(totals({ events: 2 }));
  assert.equal((await stopping).incomplete, undefined);
});

test('after a cut connection no count is claimed that was not received', async () => {
  const { agent, capture } = await running();
  agent.sendEvents([{}, {}], 3);
  agent.output.write(eventsFrame([{}], 99).subarray(0, 40)); // cut within a frame
  agent.die({ connectionLost: true });
  const end = await capture.stop();
  assert.deepEqual([end.why, end.events, end.lost, end.missed], ['connection-lost', 2, 3, 0]);
  assert.match(end.incomplete ?? '', /could not say how many/);
});

test('a connection that is cut while the trace stops is told as one', async () => {
  const { agent, capture } = await running();
  const stopping = capture.stop();
  await agent.request('stop');
  agent.die({ connectionLost: true });
  const end = await stopping;
  assert.deepEqual([end.why, end.error?.code], ['connection-lost', 'connection-lost']);
});

test('on a slow way all that is left arrives, a piece of a frame at a time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, capture } = await running();
  const stopping = capture.stop();
  await agent.request('stop');
  const left = Buffer.concat([eventsFrame([{}, {}], 4), eventsFrame([{}], 4)]);
  const pieces = 20;
  for (let at = 0; at < left.length; at += left.length / pieces) {
    t.mock.timers.tick(20_000); // twenty of these are longer than any fixed deadline
    agent.output.write(left.subarray(at, at + left.length / pieces));
    await settled();
  }
  assert.equal(capture.ended, undefined);
  agent.send(totals({ events: 3, lost: 4 }));
  const end = await stopping;
  assert.deepEqual([end.why, end.events, end.lost, end.incomplete], ['stopped', 3, 4, undefined]);
  await settled(); // its timers are cleared while they are still this test's
});

test('a target that goes silent while it stops is given up, and its counts are those that arrived', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, capture } = await running();
  const stopping = capture.stop();
  await agent.request('stop');
  agent.sendEvents([{}], 6);
  await settled();
  t.mock.timers.tick(60_000);
  const end = await stopping;
  assert.deepEqual([end.why, end.events, end.lost, end.agent], ['stopped', 1, 6, undefined]);
  assert.match(end.incomplete ?? '', /could not say how many/);
  await settled();
});

test('an error does not wait for events to end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, capture } = await running();
  agent.send({ type: 'error', code: 'internal', message: 'ring buffer gone', remedy: '' });
  for (let second = 0; second < 5 && capture.ended === undefined; second++) {
    t.mock.timers.tick(1000);
    agent.sendEvents([{}]);
    await settled();
  }
  assert.equal(capture.ended?.error?.message, 'ring buffer gone');
  await settled();
});
