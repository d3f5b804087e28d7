import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Capture, CaptureEnd, CaptureOptions } from '../../../../extension/recording/capture.ts';
import { startCapture } from '../../../../extension/tracing/engine.ts';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import {
  AgentExit,
  type CompiledFilter,
  HEARTBEAT_INTERVAL_MS,
  type KernelBuild,
} from '../../../../common/protocol.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import {
  attached,
  eventsFrame,
  functionAddress,
  hello,
  kernelAddress,
  type TestEvent,
  VXLAN,
} from '../../../support/agent/records.ts';

const OPTIONS: CaptureOptions = { filter: NO_FILTER, asked: { functions: null, backend: 'auto' } };
const NAMES = ['ip_rcv', 'kfree_skbmem'];

afterEach(endFakeAgents);

function at(nth: number, more: TestEvent = {}): TestEvent {
  return { address: kernelAddress(functionAddress(nth)), ...more };
}

/** An agent that has armed its probes, and the capture. */
async function running(): Promise<{ agent: FakeAgent; capture: Capture }> {
  const agent = new FakeAgent();
  const starting = startCapture(agent.connection, OPTIONS);
  agent.send(hello());
  agent.send(attached(NAMES));
  return { agent, capture: await starting };
}

function ended(capture: Capture): Promise<CaptureEnd> {
  return new Promise((resolve) => {
    if (capture.ended !== undefined) resolve(capture.ended);
    else capture.on('end', resolve);
  });
}

test('a capture starts when the probes are armed, with the request the front end made', async () => {
  const agent = new FakeAgent();
  const compiled: CompiledFilter = { l2: [[6, 0, 0, 1]], l3: null };
  const options: CaptureOptions = {
    filter: { ...NO_FILTER, filter: 'tcp', compiled },
    asked: { functions: 'ip_.*', backend: 'kprobe', track: true },
  };
  const stages: string[] = [];
  const starting = startCapture(agent.connection, options, { onProgress: ({ stage }) => stages.push(stage) });
  agent.send(hello({ hostname: 'web1' }));
  const { type, ...request } = await agent.request('start');
  assert.deepEqual(
    { type, ...request },
    {
      type: 'start',
      ...options.asked,
      filter: compiled,
      ringBufferBytes: 0,
    },
  );
  agent.send({ type: 'progress', stage: 'scan', done: 1, total: 2 });
  agent.send(attached(NAMES));
  const capture = await starting;
  assert.deepEqual(stages, ['scan']);
  assert.equal(capture.hello?.hostname, 'web1');
  assert.equal(capture.attached?.functions.length, NAMES.length);
  await capture.stop();
});

test('functions and drop reasons of modules that come while tracing have names', async () => {
  const { agent, capture } = await running();
  agent.send({
    ...VXLAN,
    skipped: [{ reason: 'notrace', names: ['vxlan_rcv'] }],
    dropReasons: [{ value: 7, name: 'WHY' }],
  });
  const place = { address: 0xffff_ffff_c000_1000n };
  agent.output.write(eventsFrame([place, { ...place, kind: 'drop', dropReason: 7 }]));
  agent.die({ connectionLost: true });
  await ended(capture);
  assert.equal(capture.store.functionName(0), 'vxlan_xmit');
  assert.equal(capture.store.function(0)?.module, 'vxlan');
  assert.equal(capture.store.dropReason(1), 'WHY');
  assert.deepEqual(
    capture.attached?.functions.map(({ name }) => name),
    [...NAMES, 'vxlan_xmit'],
  );
  assert.equal(capture.attached?.lifeCycleFunctions, 2);
  assert.deepEqual(capture.attached?.skipped, [{ reason: 'notrace', names: ['vxlan_rcv'] }]);
});

test('events arrive as they are cut, are counted, and outlive the agent', async () => {
  const { agent, capture } = await running();
  const batches: [number, number][] = [];
  const losses: number[] = [];
  capture.on('events', (first, end) => batches.push([first, end]));
  capture.on('lost', ({ lost }) => losses.push(lost));
  const bytes = Buffer.concat([eventsFrame([at(0), at(1)]), eventsFrame([at(0)], 5), eventsFrame([], 9)]);
  for (let i = 0; i < bytes.length; i += 100) agent.output.write(bytes.subarray(i, i + 100));
  agent.die({ connectionLost: true });
  const end = await ended(capture);
  assert.deepEqual(batches, [
    [0, 2],
    [2, 3],
  ]);
  assert.deepEqual(losses, [5, 9]);
  assert.equal(end.why, 'connection-lost');
  assert.equal(end.error?.code, 'connection-lost');
  assert.deepEqual([end.events, end.lost, end.agent], [3, 9, undefined]);
  assert.equal(capture.store.functionName(1), 'kfree_skbmem');
  assert.equal(capture.trajectories.length, 1);
});

test('asks for the kernel’s build when it is wanted, and keeps what the agent tells', async () => {
  const agent = new FakeAgent();
  const starting = startCapture(agent.connection, { ...OPTIONS, wantBuild: true });
  agent.send(hello());
  const request = await agent.request('start');
  assert.equal(request.type === 'start' && request.wantBuild, true);
  agent.send(attached(NAMES));
  const capture = await starting;
  assert.equal(capture.build, undefined);
  const build: KernelBuild = {
    type: 'kernel-build',
    buildIds: { kernel: '0a', modules: {} },
    config: null,
    textStart: null,
    neighbourhood: '',
    types: '',
  };
  const told = new Promise((resolve) => capture.on('build', resolve));
  agent.send(build);
  assert.deepEqual(await told, build);
  assert.deepEqual(capture.build, build);
  await capture.stop();
});

test('stop asks the agent, takes the last events and its totals, and lets go', async () => {
  const { agent, capture } = await running();
  agent.end = undefined;
  const stopping = capture.stop();
  await agent.request('stop');
  agent.sendEvents([at(0)]);
  agent.send({ type: 'end', why: 'stop', events: 1, lost: 2, milliseconds: { detach: 30 } });
  const end = await stopping;
  assert.deepEqual([end.why, end.error, end.events, end.lost], ['stopped', undefined, 1, 2]);
  assert.equal(end.agent?.milliseconds.detach, 30);
  assert.ok(agent.closes > 0);
  assert.equal(await capture.stop(), end);
  assert.equal(agent.requests.filter(({ type }) => type === 'stop').length, 1);
});

test('the end comes once, and nothing after it', async () => {
  const { agent, capture } = await running();
  let ends = 0;
  capture.on('end', () => ends++);
  agent.send({ type: 'error', code: 'internal', message: 'first', remedy: '' });
  agent.send({ type: 'end', why: 'error', events: 0, lost: 0, milliseconds: { detach: 1 } });
  agent.sendEvents([at(0)], 4);
  agent.send({ type: 'end', why: 'stop', events: 0, lost: 0, milliseconds: { detach: 1 } });
  agent.die({ connectionLost: true });
  const end = await ended(capture);
  await new Promise(setImmediate);
  assert.equal(ends, 1);
  assert.equal(capture.ended, end);
  assert.deepEqual([capture.store.length, capture.lost], [0, 0]);
});

test('stop does not wait for ever', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, capture } = await running();
  agent.end = undefined;
  const stopping = capture.stop();
  t.mock.timers.tick(60_000);
  const end = await stopping;
  assert.deepEqual([end.why, end.agent], ['stopped', undefined]);
  assert.ok(agent.closes > 0);
  await new Promise(setImmediate); // its timers are cleared while they are still this test's
});

test('the agent hears a ping in every interval, and none after the end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, capture } = await running();
  const pings = () => agent.requests.filter(({ type }) => type === 'ping').length;
  for (let i = 1; i <= 3; i++) {
    t.mock.timers.tick(HEARTBEAT_INTERVAL_MS);
    await new Promise(setImmediate);
    assert.equal(pings(), i);
  }
  await capture.stop();
  t.mock.timers.tick(10 * HEARTBEAT_INTERVAL_MS);
  await new Promise(setImmediate);
  assert.equal(pings(), 3);
});

test('a dead agent is told with its exit and its last words', async () => {
  const { agent, capture } = await running();
  agent.sendEvents([at(0)]);
  agent.die({ signal: 'SIGKILL', stderr: 'out of memory\n' });
  const end = await ended(capture);
  assert.deepEqual([end.why, end.error?.code, end.events], ['agent-died', 'agent-died', 1]);
  assert.match(end.error?.message ?? '', /SIGKILL/);
  assert.match(end.error?.message ?? '', /out of memory/);
});

test('an agent that left for want of pings is a lost connection', async () => {
  const { agent, capture } = await running();
  agent.die({ exitCode: AgentExit.Silence });
  const end = await ended(capture);
  assert.deepEqual([end.why, end.error?.code], ['connection-lost', 'connection-lost']);
  assert.match(end.error?.message ?? '', /heard nothing/);
});

test('an error of the agent during the trace ends it with that error', async () => {
  const { agent, capture } = await running();
  agent.send({ type: 'error', code: 'internal', message: 'ring buffer gone', remedy: 'start again' });
  agent.send({ type: 'end', why: 'error', events: 0, lost: 0, milliseconds: { detach: 1 } });
  const end = await ended(capture);
  assert.deepEqual(
    [end.why, end.error?.message, end.error?.remedy],
    ['error', 'ring buffer gone', 'start again'],
  );
});

test('an agent that stopped by itself, for it heard nothing, is a lost connection', async () => {
  const { agent, capture } = await running();
  agent.send({ type: 'end', why: 'stop', events: 0, lost: 0, milliseconds: { detach: 1 } });
  assert.equal((await ended(capture)).why, 'connection-lost');
});

test('a stream that breaks off into nonsense ends the trace, not the process', async () => {
  const { agent, capture } = await running();
  agent.sendEvents([at(0)]);
  agent.output.write(Buffer.alloc(64, 0xff));
  const end = await ended(capture);
  assert.deepEqual([end.why, end.events], ['error', 1]);
});

interface Failure {
  name: string;
  agent: (agent: FakeAgent) => void;
  code: string;
  message: RegExp;
}

const failures: Failure[] = [
  {
    name: 'a login banner instead of the agent',
    agent: (agent) => agent.output.write('Welcome to web1, unauthorized use is prohibited\n'),
    code: 'agent-start',
    message: /Welcome to web1/,
  },
  {
    name: 'an agent that ends at once',
    agent: (agent) => agent.die({ exitCode: 127, stderr: 'node: not found\n' }),
    code: 'agent-start',
    message: /exit code 127.*node: not found/,
  },
  {
    name: 'a connection that breaks while probes are attached',
    agent: (agent) => {
      agent.send(hello());
      agent.die({ connectionLost: true });
    },
    code: 'connection-lost',
    message: /connection/,
  },
  {
    name: 'an agent of another release',
    agent: (agent) => agent.send(hello({ protocol: 999 })),
    code: 'agent-start',
    message: /999/,
  },
  {
    name: 'no function matches',
    agent: (agent) => {
      agent.send(hello());
      agent.send({
        type: 'error',
        code: 'no-function',
        message: 'no function is named nope',
        remedy: 'use .*',
      });
    },
    code: 'function-pattern',
    message: /nope/,
  },
  {
    name: 'no privilege',
    agent: (agent) => {
      agent.send(hello());
      agent.send({ type: 'error', code: 'no-privilege', message: 'not root', remedy: 'be root' });
    },
    code: 'target-no-privilege',
    message: /not root/,
  },
];

for (const { name, agent: act, code, message } of failures) {
  test(`the start fails clearly: ${name}`, async () => {
    const agent = new FakeAgent();
    const starting = startCapture(agent.connection, OPTIONS);
    act(agent);
    await assert.rejects(starting, { name: 'PacketTraceError', code, message });
    assert.ok(agent.closes > 0);
  });
}

test('an agent that says nothing is given up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const agent = new FakeAgent();
  const starting = startCapture(agent.connection, OPTIONS);
  t.mock.timers.tick(120_000);
  await assert.rejects(starting, { code: 'agent-start' });
  assert.ok(agent.closes > 0);
});

test('cancelling closes the connection at every stage, also when it came first', async () => {
  const stages: ((agent: FakeAgent) => void)[] = [
    () => undefined,
    (agent) => agent.send(hello()),
    (agent) => {
      agent.send(hello());
      agent.send({ type: 'progress', stage: 'attach', done: 1, total: 9 });
    },
  ];
  for (const stage of stages) {
    const agent = new FakeAgent();
    const controller = new AbortController();
    const starting = startCapture(agent.connection, OPTIONS, { signal: controller.signal });
    stage(agent);
    await new Promise(setImmediate);
    controller.abort();
    await assert.rejects(starting, { code: 'cancelled' });
    assert.ok(agent.closes > 0);
  }
  const agent = new FakeAgent();
  await assert.rejects(startCapture(agent.connection, OPTIONS, { signal: AbortSignal.abort() }), {
    code: 'cancelled',
  });
  assert.ok(agent.closes > 0);
});

test('a cancellation after the start changes nothing', async () => {
  const agent = new FakeAgent();
  const controller = new AbortController();
  const starting = startCapture(agent.connection, OPTIONS, { signal: controller.signal });
  agent.send(hello());
  agent.send(attached(NAMES));
  const capture = await starting;
  controller.abort();
  agent.sendEvents([at(0)]);
  assert.equal((await capture.stop()).why, 'stopped');
});
