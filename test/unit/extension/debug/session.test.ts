import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import {
  type LaunchConfiguration,
  parseLaunch,
  shownOfSteps,
  type StartLaunch,
} from '../../../../extension/tracing/launch-configuration.ts';
import { TraceDebugSession } from '../../../../extension/debug/session.ts';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { askedOfTarget } from '../../../../extension/tracing/options/trace-options.ts';
import type { RunningTrace } from '../../../../extension/tracing/start-trace.ts';
import { FakeCapture } from '../../../support/agent/fake-capture.ts';

/** Talks to a session as VS Code talks to an inline adapter. */
class Client {
  readonly events: DebugProtocol.Event[] = [];
  private readonly waiting = new Map<number, (response: DebugProtocol.Response) => void>();
  private seq = 0;

  constructor(readonly session: TraceDebugSession) {
    session.onDidSendMessage((raw) => {
      const message = raw as DebugProtocol.ProtocolMessage;
      if (message.type === 'event') this.events.push(message as DebugProtocol.Event);
      const response = message as DebugProtocol.Response;
      if (message.type === 'response') this.waiting.get(response.request_seq)?.(response);
    });
  }

  request(command: string, args: unknown = {}): Promise<DebugProtocol.Response> {
    const seq = ++this.seq;
    const request: DebugProtocol.Request = { seq, type: 'request', command, arguments: args };
    return new Promise((resolve) => {
      this.waiting.set(seq, resolve);
      this.session.handleMessage(request);
    });
  }

  /** The transcript: names of events, with the text of output. */
  get transcript(): string[] {
    return this.events.map(({ event, body }) => {
      const output = (body as { output?: string } | undefined)?.output;
      return output === undefined ? event : `${event}: ${output.trimEnd()}`;
    });
  }
}

const INITIALIZE = { adapterID: 'packet-trace', pathFormat: 'path' };
const LAUNCH = { target: 'root@host', filter: 'tcp' };

function setUp(start?: StartLaunch) {
  const capture = new FakeCapture([[{ name: 'ip_rcv', time: 0 }]]);
  capture.attached = {
    type: 'attached',
    backend: 'kprobe-multi',
    functions: Array.from({ length: 1604 }, (_, index) => ({
      address: index,
      name: 'f',
      module: '',
      argument: 1,
    })),
    lifeCycleFunctions: 0,
    ownConnections: [],
    otherConnections: [],
    skipped: [{ reason: 'not traceable', names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }],
    dropReasons: [],
    since: '0',
    milliseconds: { scan: 700, load: 300, attach: 550 },
  };
  const calls = { disposed: 0 };
  const trace: RunningTrace = {
    target: undefined as never,
    capture,
    changeFilter: (change) => capture.changeFilter({ ...NO_FILTER, ...change }),
    reconnect: () => Promise.resolve(),
    dispose: () => {
      calls.disposed++;
      return Promise.resolve();
    },
  };
  const client = new Client(new TraceDebugSession(start ?? (() => Promise.resolve(trace))));
  return { client, capture, calls, trace };
}

const ATTACHED =
  'output: Tracing root@host: 1,604 functions probed with kprobe-multi in 1.6 s.\n' +
  '  7 not probed, not traceable: a, b, c, d, e, and 2 more';

const PACKETS = '1 packet: 0 delivered, 0 transmitted, 0 dropped, 1 still alive.';

test('launch, terminate: what the console says, and the trace is over', async () => {
  const { client, capture, calls } = setUp();
  assert.equal((await client.request('initialize', INITIALIZE)).success, true);
  assert.equal((await client.request('launch', LAUNCH)).success, true);
  const threads = await client.request('threads');
  assert.equal(JSON.stringify(threads.body), '{"threads":[{"id":1,"name":"Capture of root@host"}]}');
  assert.equal((await client.request('terminate')).success, true);
  assert.equal((await client.request('disconnect')).success, true);
  assert.deepEqual(client.transcript, [
    'initialized',
    'thread',
    ATTACHED,
    `output: Trace of root@host: stopped. ${PACKETS} 1 event, 0 lost.`,
    'terminated',
  ]);
  assert.equal(capture.ended?.why, 'stopped');
  assert.equal(calls.disposed, 1);
});

test('what a configuration has steps show reaches the request to the target', async () => {
  let asked: object = {};
  const { client, trace } = setUp((configuration) => {
    asked = askedOfTarget(configuration);
    return Promise.resolve(trace);
  });
  await client.request('initialize', INITIALIZE);
  const shown = {
    caller: true,
    stack: true,
    packetBytes: 64,
    skb: true,
    sharedInfo: true,
    cb: true,
    tunnel: true,
    skbMetadata: ['skb->mark'],
    xdpMetadata: ['xdp->rxq->queue_index'],
  };
  assert.equal((await client.request('launch', { ...LAUNCH, ...shown })).success, true);
  assert.deepEqual({ ...asked, ...shown }, asked);
  assert.deepEqual(shownOfSteps(parseLaunch({ ...LAUNCH, ...shown })), shown, 'and the next trace’s');
});

test('braces in what a target wrote are characters', async () => {
  const text = 'It wrote {_x} {y} {_text}.';
  const { client } = setUp(() => Promise.reject(new PacketTraceError('agent-start', text)));
  await client.request('initialize', INITIALIZE);
  const response = await client.request('launch', LAUNCH);
  assert.equal(response.message, text);
  assert.deepEqual(client.transcript, ['initialized', 'terminated']);
});

test('a stop that fails is answered all the same, and told', async () => {
  const { client, capture } = setUp();
  await client.request('initialize', INITIALIZE);
  await client.request('launch', LAUNCH);
  capture.stop = () => Promise.reject(new Error('the channel is gone'));
  assert.equal((await client.request('terminate')).success, true);
  assert.equal((await client.request('disconnect')).success, true);
  assert.ok(client.transcript.includes('output: the channel is gone'));
});

test('the attributes reach the start complete', async () => {
  const seen: LaunchConfiguration[] = [];
  const { trace, client } = setUp((configuration) => {
    seen.push(configuration);
    return Promise.resolve(trace);
  });
  const attributes = { ...LAUNCH, functions: 'ip_.*', through: 'ip_rcv', track: false, other: 1 };
  await client.request('launch', attributes);
  assert.deepEqual(seen, [parseLaunch(attributes)]);
  assert.deepEqual([seen[0]?.target, seen[0]?.through, seen[0]?.track], ['root@host', 'ip_rcv', false]);
});

test('a configuration with a mistake starts nothing and names the attribute', async () => {
  for (const [attributes, words] of [
    [{ filter: 'tcp' }, /names no target/],
    [{ target: 5 }, /"target" .* is 5/],
    [{ target: 'h', backend: 'fast' }, /"backend" .* is "fast"/],
  ] as const) {
    const { client } = setUp(() => assert.fail('started'));
    const response = (await client.request('launch', attributes)) as DebugProtocol.ErrorResponse;
    assert.equal(response.success, false);
    assert.match(response.message ?? '', words);
    assert.equal(client.events.at(-1)?.event, 'terminated');
  }
});

test('a start that fails is reported once, with the next step', async () => {
  const { client } = setUp(() =>
    Promise.reject(new PacketTraceError('filter', 'Bad filter.', 'Correct it.')),
  );
  const response = (await client.request('launch', LAUNCH)) as DebugProtocol.ErrorResponse;
  assert.equal(response.message, 'Bad filter. Correct it.');
  assert.equal(response.body.error?.showUser, false);
  assert.deepEqual(client.transcript, ['terminated']);
});

test('disconnecting while it attaches cancels the start', async () => {
  const { client } = setUp(
    (_configuration, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new PacketTraceError('cancelled', 'Cancelled.'))),
      ),
  );
  const launched = client.request('launch', LAUNCH);
  assert.equal((await client.request('disconnect')).success, true);
  assert.equal((await launched).success, false);
  assert.deepEqual(client.transcript, ['terminated']);
});

test('a trace that was attached in spite of a cancellation is stopped', async () => {
  let attach: (trace: RunningTrace) => void = () => undefined;
  const { client, capture, calls, trace } = setUp(() => new Promise((resolve) => (attach = resolve)));
  const launched = client.request('launch', LAUNCH);
  const terminated = client.request('terminate');
  attach(trace);
  await Promise.all([launched, terminated]);
  assert.equal(capture.ended?.why, 'stopped');
  assert.equal(calls.disposed, 1);
});

/** A session whose traces take a while to attach, which a cancellation comes too late for, and to detach. */
function slowTraces() {
  const probed = { now: 0, most: 0 };
  const targets: string[] = [];
  const { client } = setUp(async ({ target }) => {
    targets.push(target);
    probed.most = Math.max(probed.most, ++probed.now);
    await settled();
    const { trace } = setUp();
    const dispose = async () => {
      await settled();
      probed.now--;
    };
    return { ...trace, dispose };
  });
  return { client, probed, targets };
}

test('restarts, however soon: a trace begins only when the probes of the one before are gone', async () => {
  const { client, probed, targets } = slowTraces();
  await client.request('initialize', INITIALIZE);
  const restart = (target: string) => client.request('restart', { arguments: { ...LAUNCH, target } });
  const impatient = [client.request('launch', LAUNCH), restart('b'), restart('c')];
  for (const { success } of await Promise.all(impatient)) assert.equal(success, true);
  assert.equal(probed.now, 1);
  const hurried = ['d', 'e', 'f'].map(restart);
  for (const { success } of await Promise.all(hurried)) assert.equal(success, true);
  // Those in between were overtaken before they began.
  assert.deepEqual(targets, ['root@host', 'c', 'f']);
  assert.deepEqual([probed.now, probed.most], [1, 1]);
  assert.equal(client.transcript.includes('terminated'), false);
  const threads = await client.request('threads');
  assert.equal(JSON.stringify(threads.body), '{"threads":[{"id":1,"name":"Capture of f"}]}');
  const stopped = client.request('terminate');
  assert.equal((await restart('late')).success, true);
  assert.equal((await stopped).success, true);
  assert.equal(probed.now, 0);
  assert.equal(targets.length, 3);
  assert.equal(client.transcript.filter((event) => event === 'terminated').length, 1);
  assert.equal(client.transcript.at(-1), 'terminated');
});

test('a restart that fails ends the session; the trace before is told', async () => {
  const { client, probed } = slowTraces();
  await client.request('launch', LAUNCH);
  // One that failed would be the session's end to VS Code, and the real one unnoticed.
  assert.equal((await client.request('restart', { arguments: { ...LAUNCH, target: '' } })).success, true);
  assert.equal(probed.now, 0);
  assert.match(client.transcript.at(-3) ?? '', /^output: Trace of root@host: stopped/);
  assert.match(client.transcript.at(-2) ?? '', /names no target/);
  assert.equal(client.transcript.at(-1), 'terminated');
});

test('stopped while it restarts, it is over', async () => {
  const { client, probed, targets } = slowTraces();
  await client.request('launch', LAUNCH);
  const restarted = client.request('restart', { arguments: LAUNCH });
  assert.equal((await client.request('disconnect')).success, true);
  assert.equal((await restarted).success, true);
  assert.deepEqual(targets, ['root@host']);
  assert.equal(probed.now, 0);
  assert.equal(client.transcript.filter((event) => event === 'terminated').length, 1);
});

test('a connection that is lost ends the session with the reason and the totals', async () => {
  const { client, capture, calls } = setUp();
  await client.request('launch', LAUNCH);
  Object.assign(capture, { lost: 3, missed: 2, untracked: 1 });
  const error = new PacketTraceError('connection-lost', 'The connection was lost.');
  capture.finish({ why: 'connection-lost', error, incomplete: 'The last events did not arrive.' });
  await settled();
  assert.deepEqual(client.transcript.slice(2), [
    'output: The connection was lost.',
    'output: Trace of root@host: the connection was lost; what was captured until then stays. ' +
      `${PACKETS} 1 event, 3 lost, 2 missed, 1 untracked. The last events did not arrive.`,
    'terminated',
  ]);
  assert.equal(calls.disposed, 1);
});

test('a trace that ended before the session could listen is reported too', async () => {
  const { client, capture } = setUp();
  capture.finish({ why: 'agent-died' });
  await client.request('launch', LAUNCH);
  await settled();
  assert.equal(client.events.at(-1)?.event, 'terminated');
});

test('a pause is told, and counted in the totals', async () => {
  const { client, capture } = setUp();
  await client.request('launch', LAUNCH);
  const pause = { why: 'silence', from: 0n, to: 12_300_000_000n, next: 0 } as const;
  capture.pauses.push(pause);
  capture.emit('paused', pause);
  capture.finish({ why: 'stopped' });
  await settled();
  const [told, totals] = client.transcript.slice(2);
  assert.match(told ?? '', /^output: The trace was paused for 12\.3 s/);
  assert.match(totals ?? '', /1 event, 0 lost, paused 12\.3 s\./);
});

test('losses do not flood the console', async () => {
  const { client, capture } = setUp();
  await client.request('launch', LAUNCH);
  for (capture.lost = 1; capture.lost < 10_000; capture.lost++) capture.emit('lost', capture);
  const reports = client.transcript.filter((line) => line.includes('lost so far'));
  assert.ok(reports.length >= 1 && reports.length <= 20, `${reports.length} reports`);
  await client.request('disconnect');
  assert.match(client.transcript.at(-2) ?? '', /10,000 lost\.$/);
});

test('that older packets are forgotten is told once', async () => {
  const { client, capture } = setUp();
  await client.request('launch', LAUNCH);
  for (const first of [65_536, 131_072]) capture.emit('forgotten', first);
  await client.request('terminate');
  const told = client.transcript.filter((line) => line.includes('Older packets are forgotten from now on'));
  assert.equal(told.length, 1);
});

test('packets that cannot be followed and hits that are missed are reported too', async () => {
  const { client, capture } = setUp();
  await client.request('launch', LAUNCH);
  Object.assign(capture, { missed: 1, untracked: 2000 });
  capture.emit('lost', capture);
  const report = client.transcript.at(-1) ?? '';
  assert.match(report, /^output: 1 probe hit missed so far/);
  assert.match(report, /\n.*2,000 matched and could not be followed/);
  assert.doesNotMatch(report, /no room/);
  await client.request('disconnect');
});

test('what a trace cannot do is said', async () => {
  const { client } = setUp();
  const initialized = await client.request('initialize', INITIALIZE);
  assert.deepEqual(initialized.body, { supportsTerminateRequest: true, supportsRestartRequest: true });
  await client.request('launch', LAUNCH);
  const pause = (await client.request('pause', { threadId: 1 })) as DebugProtocol.ErrorResponse;
  assert.equal(pause.success, false);
  assert.match(pause.message ?? '', /cannot be paused/);
  const set = await client.request('setBreakpoints', { source: { path: 'a.c' }, breakpoints: [{ line: 1 }] });
  const { breakpoints } = set.body as DebugProtocol.SetBreakpointsResponse['body'];
  assert.deepEqual(
    breakpoints.map(({ verified }) => verified),
    [false],
  );
  await client.request('disconnect');
});

test('a session that VS Code drops stops its trace', async () => {
  const { client, capture } = setUp();
  await client.request('launch', LAUNCH);
  client.session.dispose();
  await client.session.stopTrace();
  assert.equal(capture.ended?.why, 'stopped');
});

test('the debug console changes the filter, tells it, and takes nothing else', async () => {
  const { client, capture } = setUp();
  await client.request('initialize', INITIALIZE);
  await client.request('launch', LAUNCH);
  const evaluate = async (expression: string, context = 'repl') => {
    const response = await client.request('evaluate', { expression, context });
    return response.success ? (response.body as { result: string }).result : response.message;
  };
  assert.match((await evaluate('filter udp port 53')) ?? '', /^The filter is changed/);
  assert.equal(capture.filters.at(-1)?.filter, 'udp port 53');
  assert.ok(client.transcript.includes('output: Filter: udp port 53'));
  assert.equal(await evaluate('filter'), 'Filter: udp port 53');
  assert.match((await evaluate('udp port 53')) ?? '', /takes "filter EXPRESSION"/);
  assert.match((await evaluate('filter tcp', 'hover')) ?? '', /no expressions/);
  await client.request('terminate');
});
