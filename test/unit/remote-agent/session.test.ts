import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { setImmediate as settled } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { FrameDecoder } from '../../../common/framing.ts';
import { parseMessage } from '../../../common/messages.ts';
import { FrameKind, SILENCE_ENDS_MS, type AgentError, type Message } from '../../../common/protocol.ts';
import { Output } from '../../../remote-agent/events/output.ts';
import { AgentSession } from '../../../remote-agent/session.ts';

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const stream = new PassThrough();
  const messages: Message[] = [];
  const decoder = new FrameDecoder((_, payload) => messages.push(parseMessage(payload)));
  stream.on('data', (chunk: Buffer) => {
    decoder.push(chunk);
  });
  let silences = 0;
  const session = new AgentSession(new Output(stream), () => silences++);
  t.after(() => session.detach());
  const receive = async (request: object) => {
    session.receive(FrameKind.Json, Buffer.from(JSON.stringify(request)));
    await settled();
  };
  return { session, messages, receive, silences: () => silences };
}

test('is silent towards pings, and leaves when none comes any more', async (t) => {
  const { messages, receive, silences } = setUp(t);
  for (let minute = 0; minute < 3; minute++) {
    t.mock.timers.tick(SILENCE_ENDS_MS - 1000);
    await receive({ type: 'ping' });
  }
  assert.equal(silences(), 0);
  t.mock.timers.tick(SILENCE_ENDS_MS + 1000);
  assert.ok(silences() > 0);
  assert.deepEqual(messages, []);
});

const REFUSED: [name: string, request: object, says: RegExp][] = [
  ['one that nobody knows', { type: 'reboot' }, /refuses a request: there is no request of type "reboot"/],
  ['one of another shape', { type: 'filter', filter: null, generation: -1 }, /filter\.generation is -1/],
  ['a message of the agent', { type: 'attached' }, /no request of type "attached"/],
  ['a pause without a trace', { type: 'pause' }, /No trace runs on this connection that could be paused/],
  ['its end without a trace', { type: 'resume' }, /No trace runs/],
];

for (const [name, request, says] of REFUSED)
  test(`refuses a request with an error, and goes on: ${name}`, async (t) => {
    const { messages, receive } = setUp(t);
    await receive(request);
    await receive({ type: 'stop' });
    assert.deepEqual(
      messages.map(({ type }) => type),
      ['error', 'end'],
    );
    const error = messages[0] as AgentError;
    assert.equal(error.code, 'protocol');
    assert.match(error.message, says);
    assert.notEqual(error.remedy, '');
  });

test('refuses another filter without a trace by its number', async (t) => {
  const { messages, receive } = setUp(t);
  await receive({ type: 'filter', filter: null, generation: 4 });
  const [error] = messages as AgentError[];
  assert.deepEqual([error?.code, error?.generation], ['protocol', 4]);
});

test('takes no events', async (t) => {
  const { session, messages } = setUp(t);
  session.receive(FrameKind.Events, new Uint8Array(32));
  await settled();
  assert.match((messages[0] as AgentError).message, /requests are JSON/);
});
