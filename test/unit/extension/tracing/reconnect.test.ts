import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import type { End } from '../../../../common/protocol.ts';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import { startCapture } from '../../../../extension/tracing/engine.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import { attached, functionAddress, hello, kernelAddress, VXLAN } from '../../../support/agent/records.ts';

afterEach(endFakeAgents);

const NAMES = ['ip_rcv'];
const SECOND = 1_000_000_000n;

const end = (events: number, lost = 0): End => ({
  type: 'end',
  why: 'stop',
  events,
  lost,
  milliseconds: { detach: 1 },
});
/** A step of the nth packet, by the clock of the target. */
const step = (nth: number, seconds: number) => ({
  skb: kernelAddress(0x8880_0000_0000 + nth * 0x100),
  life: nth + 1,
  address: BigInt(functionAddress(0)),
  timestamp: BigInt(seconds) * SECOND,
});

async function running() {
  const agent = new FakeAgent();
  const options = {
    filter: NO_FILTER,
    asked: { functions: null, backend: 'auto' },
    reconnects: true,
  } as const;
  const starting = startCapture(agent.connection, options);
  agent.send(hello());
  agent.send(attached(NAMES, { since: String(SECOND) }));
  const capture = await starting;
  const cuts: (string | undefined)[] = [];
  capture.on('cut', (error) => cuts.push(error?.code));
  return { agent, capture, cuts };
}

async function cutOff() {
  const all = await running();
  all.agent.sendEvents([step(0, 5), { ...step(1, 6), ends: true }], 3);
  await settled();
  all.agent.die({ connectionLost: true });
  await settled();
  return all;
}

async function backAgain() {
  const all = await cutOff();
  const second = new FakeAgent();
  const back = all.capture.reconnect(second.connection);
  second.send(hello({ pid: 43 }));
  const request = await second.request('start');
  second.send(attached([...NAMES, 'ip_output'], { since: String(20n * SECOND) }));
  await back;
  return { ...all, second, request };
}

test('a lost connection ends nothing: what was captured stays, and the gap is a pause', async () => {
  const { capture, cuts } = await cutOff();
  assert.deepEqual(cuts, ['connection-lost']);
  assert.equal(capture.cut?.code, 'connection-lost');
  assert.equal(capture.ended, undefined);
  assert.deepEqual(capture.pauses, [{ why: 'connection', from: 6n * SECOND, to: undefined, next: 2 }]);
  await assert.rejects(capture.changeFilter(NO_FILTER), { code: 'connection-lost' });
});

test('another agent goes on: other packets behind the gap, all totals whole', async () => {
  const { capture, second, request, cuts } = await backAgain();
  assert.deepEqual(cuts, ['connection-lost', undefined]);
  assert.deepEqual([request.filter, request.generation], [null, 0]);
  assert.deepEqual(capture.pauses, [{ why: 'connection', from: 6n * SECOND, to: 20n * SECOND, next: 2 }]);
  // The same numbers of lives and the same memory as before, of other packets.
  second.sendEvents([step(0, 21), { ...step(1, 22), address: BigInt(functionAddress(1)) }], 4);
  await settled();
  const { trajectories, store } = capture;
  assert.equal(trajectories.length, 4);
  assert.deepEqual(
    trajectories.ids().map((id) => trajectories.end(id)),
    ['unknown', 'consumed', 'alive', 'alive'],
  );
  assert.equal(store.functionName(3), 'ip_output');
  assert.equal(capture.lost, 7);
  second.end = end(2, 4);
  const ended = await capture.stop();
  assert.deepEqual([ended.why, ended.events, ended.lost, ended.incomplete], ['stopped', 4, 7, undefined]);
});

test('the filter that was in force is the one that goes on', async () => {
  const { agent, capture } = await running();
  const changing = capture.changeFilter({ ...NO_FILTER, filter: 'tcp', compiled: { l2: [], l3: [] } });
  await agent.request('filter');
  agent.send({ type: 'filter-changed', generation: 1, since: '7', milliseconds: 1 });
  await changing;
  agent.die({ connectionLost: true });
  await settled();
  const second = new FakeAgent();
  const back = capture.reconnect(second.connection);
  second.send(hello());
  const { filter, generation } = await second.request('start');
  assert.deepEqual([filter, generation], [{ l2: [], l3: [] }, 1]);
  second.send(attached(NAMES));
  await back;
  const next = capture.changeFilter(NO_FILTER);
  assert.equal((await second.request('filter')).generation, 2);
  second.send({ type: 'filter-changed', generation: 2, since: '9', milliseconds: 1 });
  await next;
  await capture.stop();
});

test('an attempt that fails leaves the capture as it was, and another may succeed', async () => {
  const { capture } = await cutOff();
  const second = new FakeAgent();
  const failing = capture.reconnect(second.connection);
  second.send(hello());
  second.die({ exitCode: 1 });
  await assert.rejects(failing, { code: 'agent-start' });
  const controller = new AbortController();
  const third = new FakeAgent();
  const cancelled = capture.reconnect(third.connection, { signal: controller.signal });
  controller.abort();
  await assert.rejects(cancelled, { code: 'cancelled' });
  assert.equal(third.closes, 1);
  assert.equal(capture.cut?.code, 'connection-lost');
  assert.equal(capture.ended, undefined);

  const fourth = new FakeAgent();
  const back = capture.reconnect(fourth.connection);
  fourth.send(hello());
  fourth.send(attached(NAMES));
  await back;
  assert.equal(capture.cut, undefined);
  await capture.stop();
});

test('a target that was booted meanwhile is another one: the capture ends, and says why', async () => {
  const { capture } = await cutOff();
  const second = new FakeAgent();
  const back = capture.reconnect(second.connection);
  second.send(hello({ bootId: 'another' }));
  await assert.rejects(back, /booted anew/);
  assert.deepEqual([capture.ended?.why, capture.ended?.events], ['connection-lost', 2]);
  assert.equal(second.requests.length, 0, 'nothing was asked of it');
});

test('a stop in between ends it, as a lost connection does', async () => {
  const { capture } = await cutOff();
  const second = new FakeAgent();
  const back = capture.reconnect(second.connection);
  const ended = await capture.stop();
  assert.deepEqual([ended.why, ended.error?.code, ended.lost], ['connection-lost', 'connection-lost', 3]);
  await assert.rejects(back, { code: 'cancelled' });
  assert.equal(second.closes, 1);
});

test('modules that came before are known after it', async () => {
  const { agent, capture } = await running();
  agent.send(VXLAN);
  await settled();
  agent.die({ connectionLost: true });
  await settled();
  const second = new FakeAgent();
  const back = capture.reconnect(second.connection);
  second.send(hello());
  second.send(attached(NAMES));
  await back;
  second.sendEvents([{ ...step(0, 9), address: BigInt(VXLAN.functions[0]?.address ?? 0) }]);
  await settled();
  assert.equal(capture.store.functionName(0), VXLAN.functions[0]?.name);
  await capture.stop();
});
