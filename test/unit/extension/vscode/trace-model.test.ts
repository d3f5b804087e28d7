import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FILTER } from '../../../../extension/recording/filters.ts';
import { parseLaunch } from '../../../../extension/tracing/launch-configuration.ts';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import type { RunningTrace } from '../../../../extension/tracing/start-trace.ts';
import { TraceModel } from '../../../../extension/vscode/trace-model.ts';
import { FakeCapture } from '../../../support/agent/fake-capture.ts';

const A = parseLaunch({ target: 'a', filter: 'tcp' });
const B = parseLaunch({ target: 'b' });
const REFUSED = new PacketTraceError('connection-refused', 'Refused.');
const CANCELLED = new PacketTraceError('cancelled', 'Cancelled.');

const reconnect = () => Promise.resolve();

function trace(): { capture: FakeCapture; running: RunningTrace } {
  const capture = new FakeCapture([[{ name: 'ip_rcv', time: 0 }], [{ name: 'ip_rcv', time: 5 }]]);
  const running = {
    capture,
    target: undefined as never,
    changeFilter: (change: object) => capture.changeFilter({ ...NO_FILTER, ...change }),
    reconnect,
    dispose: () => Promise.resolve(),
  };
  return { capture, running };
}

/** State and target, and the target of the shown capture: `tracing a, shows a`. */
function summary({ state, shown }: TraceModel): string {
  const of = state.kind === 'idle' ? '' : ` ${state.configuration.target}`;
  return `${state.kind}${of}, shows ${shown?.configuration.target}`;
}

test('a trace from its start to its clearing', () => {
  const model = new TraceModel();
  const states: string[] = [];
  model.on('state', () => states.push(summary(model)));
  const attempt = model.begin(A);
  const { capture, running } = trace();
  attempt.attached(running, reconnect);
  capture.finish({ why: 'stopped' });
  model.clear();
  assert.deepEqual(states, [
    'attaching a, shows undefined',
    'tracing a, shows a',
    'ended a, shows a',
    'idle, shows undefined',
  ]);
});

test('the capture before stays until the next one is attached', () => {
  const model = new TraceModel();
  const first = trace();
  model.begin(A).attached(first.running, reconnect);
  first.capture.finish({ why: 'stopped' });
  const attempt = model.begin(B);
  assert.equal(summary(model), 'attaching b, shows a');
  const number = model.shown?.number;
  attempt.attached(trace().running, reconnect);
  assert.equal(summary(model), 'tracing b, shows b');
  assert.notEqual(model.shown?.number, number);
});

test('a start that fails says so, one that is cancelled leaves what was', () => {
  const model = new TraceModel();
  model.begin(A).failed(REFUSED);
  assert.equal(summary(model), 'failed a, shows undefined');
  model.begin(A).failed(CANCELLED);
  assert.equal(summary(model), 'idle, shows undefined');
  const { capture, running } = trace();
  model.begin(A).attached(running, reconnect);
  capture.finish({ why: 'stopped' });
  model.begin(B).failed(CANCELLED);
  assert.equal(summary(model), 'ended a, shows a');
  model.begin(B).failed(REFUSED);
  assert.equal(summary(model), 'failed b, shows a');
});

test('a running trace stays on view when another start fails', () => {
  const model = new TraceModel();
  const { capture, running } = trace();
  model.begin(A).attached(running, reconnect);
  model.begin(B).failed(REFUSED);
  assert.equal(summary(model), 'tracing a, shows a');
  capture.finish({ why: 'stopped' });
  assert.equal(summary(model), 'ended a, shows a');
});

test('a trace that ends while another attaches does not hide that', () => {
  const model = new TraceModel();
  const { capture, running } = trace();
  model.begin(A).attached(running, reconnect);
  const attempt = model.begin(B);
  capture.finish({ why: 'stopped' });
  assert.equal(summary(model), 'attaching b, shows a');
  attempt.failed(CANCELLED);
  assert.equal(summary(model), 'ended a, shows a');
});

test('the later of two starts has the views', () => {
  const model = new TraceModel();
  const early = model.begin(A);
  const late = model.begin(B);
  early.attached(trace().running, reconnect);
  assert.equal(summary(model), 'attaching b, shows undefined');
  early.failed(REFUSED);
  assert.equal(summary(model), 'attaching b, shows undefined');
  late.attached(trace().running, reconnect);
  assert.equal(summary(model), 'tracing b, shows b');
});

/** The targets of what can be shown. */
const all = (model: TraceModel) => model.all.map(({ configuration }) => configuration.target).join(' ');

test('a trace that a later start overtook is shown when that comes to nothing', () => {
  for (const error of [CANCELLED, REFUSED]) {
    const model = new TraceModel();
    const early = model.begin(A);
    const late = model.begin(B);
    early.attached(trace().running, reconnect);
    assert.equal(model.isRunning, true);
    late.failed(error);
    assert.equal(summary(model), 'tracing a, shows a');
    const slow = new TraceModel();
    const first = slow.begin(A);
    slow.begin(B).failed(error);
    first.attached(trace().running, reconnect);
    assert.equal(summary(slow), 'tracing a, shows a');
  }
});

test('a trace that runs beside the shown one can be picked, and is there until it ends', () => {
  const model = new TraceModel();
  const [a, b] = [trace(), trace()];
  model.begin(A).attached(a.running, reconnect);
  model.begin(B).attached(b.running, reconnect);
  assert.equal(all(model), 'a b');
  b.capture.finish({ why: 'stopped' });
  assert.equal(summary(model), 'ended b, shows b');
  assert.equal(model.isRunning, true);
  const [first] = model.all;
  if (first !== undefined) model.pick(first);
  assert.equal(summary(model), 'tracing a, shows a');
  assert.equal(all(model), 'a');
  const attempt = model.begin(B);
  assert.equal(summary(model), 'attaching b, shows a');
  attempt.attached(trace().running, reconnect);
  a.capture.finish({ why: 'stopped' });
  assert.equal(all(model), 'b');
});

test('when what is shown is cleared, a trace that still runs is shown', () => {
  const model = new TraceModel();
  const [a, b] = [trace(), trace()];
  model.begin(A).attached(a.running, reconnect);
  model.begin(B).attached(b.running, reconnect);
  b.capture.finish({ why: 'stopped' });
  model.clear();
  assert.equal(summary(model), 'tracing a, shows a');
  a.capture.finish({ why: 'stopped' });
  model.clear();
  assert.equal(summary(model), 'idle, shows undefined');
  assert.deepEqual([model.isRunning, model.all.length], [false, 0]);
});

test('a capture that ended before it was shown is shown as ended', () => {
  const model = new TraceModel();
  const { capture, running } = trace();
  capture.finish({ why: 'agent-died' });
  model.begin(A).attached(running, reconnect);
  assert.equal(summary(model), 'ended a, shows a');
});

test('a trace that lost its connection is neither running nor over, until it goes on or is stopped', () => {
  const model = new TraceModel();
  const { capture, running } = trace();
  model.begin(A).attached(running, reconnect);
  capture.cutOff(REFUSED);
  assert.equal(summary(model), 'cut a, shows a');
  model.begin(B).failed(REFUSED);
  assert.equal(summary(model), 'cut a, shows a');
  capture.cutOff(undefined);
  assert.equal(summary(model), 'tracing a, shows a');
  capture.cutOff(REFUSED);
  capture.finish({ why: 'connection-lost' });
  assert.equal(summary(model), 'ended a, shows a');
});

test('clearing a running trace hides what it has so far', () => {
  const model = new TraceModel();
  model.begin(A).attached(trace().running, reconnect);
  model.clear();
  assert.equal(summary(model), 'tracing a, shows a');
  assert.equal(model.shown?.from, 2);
});

test('data is told of the shown capture only', () => {
  const model = new TraceModel();
  let count = 0;
  model.on('data', () => count++);
  const [first, second] = [trace(), trace()];
  model.begin(A).attached(first.running, reconnect);
  first.capture.emit('events', 0, 1);
  first.capture.emit('lost', { lost: 1, missed: 0, untracked: 0 });
  assert.equal(count, 2);
  model.begin(B).attached(second.running, reconnect);
  first.capture.emit('events', 1, 2);
  assert.equal(count, 2);
  second.capture.emit('events', 0, 1);
  assert.equal(count, 3);
});
