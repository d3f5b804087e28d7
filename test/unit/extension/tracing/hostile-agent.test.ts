/** A target that sends what no agent sends: one clear error, and what was captured stays. */
import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { EventsHeader, FrameKind, RINGBUF_HEADER_BYTES } from '../../../../common/protocol.ts';
import { frameHeader } from '../../../../common/framing.ts';
import { CONFIG_LIMIT } from '../../../../common/packed.ts';
import type { CaptureEnd } from '../../../../extension/recording/capture.ts';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import { startCapture } from '../../../../extension/tracing/engine.ts';
import { endFakeAgents, FakeAgent } from '../../../support/agent/fake-agent.ts';
import { attached, batch, encodeJsonFrame, eventsFrame, hello } from '../../../support/agent/records.ts';

afterEach(endFakeAgents);

function start() {
  const agent = new FakeAgent();
  const options = {
    filter: NO_FILTER,
    asked: { functions: null, backend: 'auto' },
    wantBuild: true,
  } as const;
  return { agent, starting: startCapture(agent.connection, options) };
}

async function running() {
  const { agent, starting } = start();
  agent.send(hello());
  agent.send(attached(['ip_rcv']));
  const capture = await starting;
  const ended = new Promise<CaptureEnd>((resolve) => capture.on('end', resolve));
  return { agent, capture, ended };
}

const frame = (payload: Uint8Array) =>
  Buffer.concat([frameHeader(FrameKind.Events, payload.length), Buffer.from(payload)]);

function brokenBatch(change: (view: DataView) => void): Buffer {
  const payload = batch([{}, {}]);
  change(new DataView(payload.buffer));
  return frame(payload);
}

const DURING: [name: string, stream: Uint8Array, says: RegExp][] = [
  ['a second hello', encodeJsonFrame(hello()), /a second hello/],
  ['a second attached', encodeJsonFrame(attached([])), /"attached" came/],
  [
    'a filter that nobody asked for',
    encodeJsonFrame({ type: 'filter-changed', generation: 1, since: '1', milliseconds: 0 }),
    /"filter-changed" came/,
  ],
  [
    'a batch that claims too much',
    brokenBatch((view) => view.setFloat64(EventsHeader.count, 99, true)),
    /claims 99 events/,
  ],
  [
    'a batch whose records are longer than it',
    brokenBatch((view) => view.setUint32(EventsHeader.bytes, 4096, true)),
    /ends within/,
  ],
  [
    'an event that is longer than its sections',
    brokenBatch((view) => view.setUint16(EventsHeader.bytes + RINGBUF_HEADER_BYTES + 22, 0, true)),
    /not as long as its sections/,
  ],
];

for (const [name, stream, says] of DURING)
  test(`during a trace: ${name}`, async () => {
    const { agent, capture, ended } = await running();
    agent.sendEvents([{}]);
    agent.output.write(stream);
    agent.sendEvents([{}]);
    const end = await ended;
    assert.deepEqual([end.why, end.error?.code], ['error', 'protocol']);
    assert.match(end.error?.message ?? '', says);
    assert.match(end.error?.remedy ?? '', /try again/);
    await settled();
    assert.ok(capture.store.length >= 1);
    assert.equal(capture.store.length, end.events);
    assert.ok(agent.closes > 0);
  });

test('events before the probes are attached fail the start, and are not kept', async () => {
  const { agent, starting } = start();
  agent.send(hello());
  agent.sendEvents([{}]);
  await assert.rejects(starting, {
    code: 'protocol',
    message: /events came before the probes were attached/,
  });
  assert.ok(agent.closes > 0);
});

test('a configuration that unpacks to more than any kernel has ends the trace', async () => {
  const { agent, capture, ended } = await running();
  const config = gzipSync(Buffer.alloc(CONFIG_LIMIT + 1)).toString('base64');
  agent.send({
    type: 'kernel-build',
    buildIds: { modules: {} },
    config,
    textStart: null,
    neighbourhood: '',
    types: '',
  });
  const end = await ended;
  assert.match(end.error?.message ?? '', /kernel-build\.config unpacks to more than/);
  assert.equal(capture.build, undefined);
});

test('whatever bytes come, the capture ends with an error for the user or goes on', async () => {
  const whole = Buffer.concat([
    encodeJsonFrame({ type: 'locations', locations: [] }),
    eventsFrame([{}, { kind: 'drop' }, { source: [10, 0, 0, 1], destination: [10, 0, 0, 2] }]),
    encodeJsonFrame({ type: 'paused', why: 'silence', from: '1', to: '2' }),
    eventsFrame([{}]),
  ]);
  const property = fc.asyncProperty(
    fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    async (changes) => {
      const { agent, capture } = await running();
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      agent.output.write(bytes);
      await settled();
      if (capture.ended !== undefined) {
        assert.ok(capture.ended.error instanceof PacketTraceError);
        assert.equal(capture.ended.error.code, 'protocol', capture.ended.error.message);
      }
      agent.die({});
      await capture.stop();
    },
  );
  await fc.assert(property, { numRuns: 200 });
});
