import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import type { CaptureFilter } from '../../../../extension/recording/filters.ts';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import { startCapture } from '../../../../extension/tracing/engine.ts';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import type { CompiledFilter, FilterRequest } from '../../../../common/protocol.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import { attached, hello } from '../../../support/agent/records.ts';

afterEach(endFakeAgents);

const TCP: CompiledFilter = { l2: [[6, 0, 0, 1]], l3: null };
const wanted = (filter: string) => ({ ...NO_FILTER, filter, compiled: TCP });

async function running() {
  const agent = new FakeAgent();
  const starting = startCapture(agent.connection, {
    filter: wanted('icmp'),
    asked: { functions: null, backend: 'auto' },
  });
  agent.send(hello());
  agent.send(attached(['ip_rcv']));
  const capture = await starting;
  const told: CaptureFilter[] = [];
  capture.on('filter', (filter) => told.push(filter));
  /** The requests for filters so far. */
  const requests = async () => {
    await settled();
    return agent.requests.filter((request): request is FilterRequest => request.type === 'filter');
  };
  const accept = (generation: number) =>
    agent.send({ type: 'filter-changed', generation, since: '9007199254740993', milliseconds: 3 });
  const refuse = (generation: number) =>
    agent.send({ type: 'error', code: 'load', message: 'The kernel refused it.', remedy: '', generation });
  return { agent, capture, told, requests, accept, refuse };
}

test('a change is told once it is in force, and events know which filter kept them', async () => {
  const { agent, capture, told, requests, accept } = await running();
  assert.deepEqual(
    capture.filters.map(({ filter, since }) => [filter, since]),
    [['icmp', undefined]],
  );
  const change = capture.changeFilter(wanted('tcp'));
  assert.deepEqual(await requests(), [{ type: 'filter', filter: TCP, generation: 1 }]);
  assert.deepEqual(told, []);
  accept(1);
  const filter = await change;
  assert.deepEqual([filter.generation, filter.filter, filter.since], [1, 'tcp', 9007199254740993n]);
  assert.deepEqual(told, [filter]);
  assert.deepEqual(capture.filters.at(-1), filter);
  agent.sendEvents([{ generation: 0 }, { generation: 1 }]);
  await settled();
  assert.deepEqual([capture.store.generation(0), capture.store.generation(1)], [0, 1]);
});

test('a refused filter leaves the trace and its filter alone', async () => {
  const { capture, told, requests, accept, refuse } = await running();
  const change = capture.changeFilter(wanted('tcp'));
  await requests();
  refuse(1);
  await assert.rejects(change, /The kernel refused it/);
  assert.deepEqual([capture.ended, told.length, capture.filters.length], [undefined, 0, 1]);
  const next = capture.changeFilter(wanted('udp'));
  assert.equal((await requests()).at(-1)?.generation, 1);
  accept(1);
  assert.equal((await next).filter, 'udp');
});

test('changes are asked for one after the other', async () => {
  const { capture, requests, accept } = await running();
  const changes = [capture.changeFilter(wanted('tcp')), capture.changeFilter(wanted('udp'))];
  assert.equal((await requests()).length, 1);
  accept(1);
  await changes[0];
  assert.equal((await requests()).at(-1)?.generation, 2);
  accept(2);
  assert.equal((await changes[1])?.filter, 'udp');
});

test('the end of the trace refuses what waits and what comes', async () => {
  const { agent, capture } = await running();
  const change = capture.changeFilter(wanted('tcp'));
  await agent.request('filter');
  agent.die({ exitCode: 1 });
  const isOver = (error: unknown) =>
    error instanceof PacketTraceError && error.message.includes('trace is over');
  await assert.rejects(change, isOver);
  await assert.rejects(capture.changeFilter(wanted('udp')), isOver);
});
