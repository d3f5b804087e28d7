import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../../../../common/errors.ts';
import type { Message, Plan, Request } from '../../../../common/protocol.ts';
import { Conversation } from '../../../../extension/tracing/conversation.ts';
import { attached, hello } from '../../../support/agent/records.ts';

const startWithoutBuild: Request = {
  type: 'start',
  filter: null,
  functions: null,
  backend: 'auto',
  ringBufferBytes: 0,
};
const start: Request = { ...startWithoutBuild, wantBuild: true };
const filter = (generation: number): Request => ({ type: 'filter', filter: null, generation });
const changed = (generation: number): Message => ({
  type: 'filter-changed',
  generation,
  since: '1',
  milliseconds: 1,
});
const error = (generation?: number): Message => ({
  type: 'error',
  code: 'load',
  message: 'refused',
  remedy: '',
  ...(generation !== undefined && { generation }),
});
const progress: Message = { type: 'progress', stage: 'scan', done: 0, total: 0 };
const build: Message = {
  type: 'kernel-build',
  buildIds: { modules: {} },
  config: null,
  textStart: null,
  neighbourhood: '',
  types: '',
};
const locations: Message = { type: 'locations', locations: [] };
const paused: Message = { type: 'paused', why: 'silence', from: '1', to: null };
const end: Message = { type: 'end', why: 'stop', events: 0, lost: 0, milliseconds: { detach: 0 } };
const check: Message = { type: 'check', items: [] };
const plan: Plan = { type: 'plan', functions: [], skipped: [] };
const matched: Message = { type: 'matched', matches: [] };

type Turn = { sent: Request } | { received: Message } | 'events';
const sent = (request: Request): Turn => ({ sent: request });
const received = (message: Message): Turn => ({ received: message });

const GREETED = [received(hello())];
const STARTING = [...GREETED, sent(start)];
const TRACING = [...STARTING, received(attached(['ip_rcv']))];

/** Goes through a conversation; throws where it leaves the order. */
function hold(turns: readonly Turn[]): void {
  const conversation = new Conversation();
  for (const turn of turns) {
    if (turn === 'events') conversation.receivedEvents();
    else if ('sent' in turn) conversation.sent(turn.sent);
    else conversation.received(turn.received);
  }
}

const ORDERLY: Record<string, Turn[]> = {
  'a whole trace': [
    ...STARTING,
    received(progress),
    received(attached(['ip_rcv'])),
    received(locations),
    'events',
    received(build),
    sent(filter(1)),
    received(changed(1)),
    sent(filter(2)),
    received(error(2)),
    received(paused),
    sent({ type: 'stop' }),
    received(progress),
    'events',
    received(end),
  ],
  'a trace that was asked for before the hello': [sent(start), ...GREETED, received(progress)],
  'an end that nobody asked for': [...TRACING, received(end)],
  'a stop while it starts': [...STARTING, sent({ type: 'stop' }), received(progress), received(end)],
  'a stop that crosses the attaching': [
    ...STARTING,
    sent({ type: 'stop' }),
    received(attached(['ip_rcv'])),
    'events',
    received(end),
  ],
  'another start after one that failed': [...STARTING, received(error()), sent(start), received(progress)],
  'a failure before the hello': [received(error())],
  questions: [
    ...GREETED,
    sent({ type: 'check' }),
    received(check),
    sent({ type: 'match', filter: null, packets: [] }),
    received(matched),
    sent({ type: 'plan', functions: null }),
    received(progress),
    received(plan),
    sent({ type: 'count', functions: null, backend: 'auto' }),
    received(progress),
    received({ ...plan, type: 'counting', backend: 'kprobe' }),
    sent({ type: 'counts' }),
    received({ type: 'counts', hits: [], missed: 0, milliseconds: 1 }),
  ],
};

for (const [name, turns] of Object.entries(ORDERLY))
  test(`goes on: ${name}`, () => {
    hold(turns);
  });

const DISORDERLY: [name: string, before: readonly Turn[], last: Turn, says: RegExp][] = [
  ['a second hello', GREETED, received(hello()), /a second hello/],
  ['a message before the hello', [sent(start)], received(attached([])), /"attached" came before the hello/],
  ['events before the hello', [sent(start)], 'events', /events came before the hello/],
  ['events before attached', STARTING, 'events', /events came before the probes were attached/],
  ['names before attached', STARTING, received(locations), /"locations" came before the probes/],
  ['a pause before attached', STARTING, received(paused), /"paused" came/],
  ['attached where no trace was asked for', GREETED, received(attached([])), /"attached" came/],
  ['a second attached', TRACING, received(attached([])), /"attached" came where nobody asked/],
  ['progress of a trace that stands', TRACING, received(progress), /"progress" came/],
  ['a report that nobody asked for', TRACING, received(check), /"check" came where nobody asked/],
  ['a plan that nobody asked for', GREETED, received(plan), /"plan" came/],
  [
    'progress after the answer',
    [...GREETED, sent({ type: 'plan', functions: null }), received(plan)],
    received(progress),
    /"progress" came/,
  ],
  ['matches that nobody asked for', GREETED, received(matched), /"matched" came/],
  [
    'a second answer',
    [...GREETED, sent({ type: 'check' }), received(check)],
    received(check),
    /"check" came where nobody asked/,
  ],
  ['a second build', [...TRACING, received(build)], received(build), /"kernel-build" came/],
  ['a filter that nobody asked for', TRACING, received(changed(1)), /"filter-changed" came/],
  [
    'another filter than was asked for',
    [...TRACING, sent(filter(1))],
    received(changed(2)),
    /"filter-changed" came/,
  ],
  ['a refusal of no filter', TRACING, received(error(3)), /filter 3, which nobody asked for/],
  ['an end before a start', GREETED, received(end), /"end" came/],
  ['a second end', [...TRACING, received(end)], received(end), /"end" came after the end/],
  ['events after the end', [...TRACING, received(end)], 'events', /events came after the end/],
];

for (const [name, before, last, says] of DISORDERLY)
  test(`is refused: ${name}`, () => {
    hold(before);
    assert.throws(
      () => hold([...before, last]),
      (thrown) => thrown instanceof ProtocolError && says.test(thrown.message),
    );
  });

test('no build is told that was not wanted', () => {
  assert.throws(
    () => hold([...GREETED, sent(startWithoutBuild), received(attached([])), received(build)]),
    /kernel-build/,
  );
});
