import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import { frameHeader } from '../../../../common/framing.ts';
import { FRAME_MAX_BYTES, FrameKind } from '../../../../common/protocol.ts';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { AgentClient } from '../../../../extension/tracing/agent-client.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import { batch, encodeJsonFrame, hello } from '../../../support/agent/records.ts';

afterEach(endFakeAgents);

const LONG_MS = 600_000;

interface Held {
  agent: FakeAgent;
  client: AgentClient;
  faults: PacketTraceError[];
}

async function greeted(): Promise<Held> {
  const agent = new FakeAgent();
  const faults: PacketTraceError[] = [];
  const client = new AgentClient(agent.connection, { fault: (error) => faults.push(error) });
  agent.send(hello());
  await settled();
  return { agent, client, faults };
}

const events = (bytes: Uint8Array) =>
  Buffer.concat([frameHeader(FrameKind.Events, bytes.length), Buffer.from(bytes)]);

const NOT_THE_PROTOCOL: [name: string, stream: Uint8Array, says: RegExp][] = [
  ['a message of no known type', encodeJsonFrame({ type: 'nonsense' }), /no message of type "nonsense"/],
  [
    'a message of another shape',
    encodeJsonFrame({ type: 'matched', matches: 'all' }),
    /matched\.matches is "all"/,
  ],
  ['a second hello', encodeJsonFrame(hello()), /a second hello came/],
  ['an answer that nobody asked for', encodeJsonFrame({ type: 'check', items: [] }), /"check" came/],
  ['events without a trace', events(batch([])), /events came/],
  ['a frame of another kind', frameHeader(7 as FrameKind, 3), /no frame of kind 7/],
  [
    'a frame that is too long',
    frameHeader(FrameKind.Events, FRAME_MAX_BYTES[FrameKind.Events] + 1),
    /frame of 2097153 bytes is longer than 2097152/,
  ],
];

for (const [name, stream, says] of NOT_THE_PROTOCOL)
  test(`refuses once, and lets go: ${name}`, async () => {
    const { agent, client, faults } = await greeted();
    agent.output.write(Buffer.concat([stream, encodeJsonFrame({ type: 'nonsense' })]));
    await settled();
    const [fault] = faults;
    assert.deepEqual([faults.length, fault?.code], [1, 'protocol']);
    assert.match(fault?.message ?? '', says);
    assert.match(fault?.remedy ?? '', /try again/);
    assert.ok(agent.closes > 0);
    await assert.rejects(client.ask({ type: 'check' }, 'check'), (error) => error === fault);
  });

test('a question has its answer', async () => {
  const { agent, client } = await greeted();
  const asked = client.ask({ type: 'check' }, 'check');
  await agent.request('check');
  agent.send({ type: 'check', items: [] });
  assert.deepEqual((await asked).items, []);
});

test('two questions at once are a mistake of ours', async () => {
  const { client } = await greeted();
  const first = client.ask({ type: 'check' }, 'check');
  await assert.rejects(client.ask({ type: 'check' }, 'check'), /one question at a time/);
  client.close();
  await assert.rejects(first);
});

test('a question that is not answered is given up, and with it the agent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, client, faults } = await greeted();
  const asked = client.ask({ type: 'match', filter: null, packets: [] }, 'matched');
  await agent.request('match');
  t.mock.timers.tick(LONG_MS);
  await assert.rejects(asked, { code: 'agent-start', message: /owes its answer \("matched"\)/ });
  assert.equal(faults.length, 1);
  assert.ok(agent.closes > 0);
  await settled();
});

test('so is one that was asked before the hello', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const agent = new FakeAgent();
  const client = new AgentClient(agent.connection);
  const asked = client.ask({ type: 'check' }, 'check');
  agent.send(hello());
  await settled();
  t.mock.timers.tick(LONG_MS);
  await assert.rejects(asked, { code: 'agent-start', message: /owes its answer \("check"\)/ });
  await settled();
});

test('an answer that is on its way is waited for, however slow the way is', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, client } = await greeted();
  const asked = client.ask({ type: 'check' }, 'check');
  await agent.request('check');
  const item = { name: 'btf', status: 'ok', detail: 'found', remedy: '' };
  for (const byte of encodeJsonFrame({ type: 'check', items: [item] })) {
    t.mock.timers.tick(30_000);
    agent.output.write(Buffer.from([byte]));
    await settled();
  }
  assert.equal((await asked).items.length, 1);
  client.close();
});

test('once answered it owes nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, client, faults } = await greeted();
  const asked = client.ask({ type: 'check' }, 'check');
  await agent.request('check');
  agent.send({ type: 'check', items: [] });
  await asked;
  t.mock.timers.tick(LONG_MS);
  assert.equal(faults.length, 0);
  client.close();
});
