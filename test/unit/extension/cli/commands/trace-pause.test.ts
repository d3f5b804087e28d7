import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { traceCommand } from '../../../../../extension/cli/commands/trace.ts';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { endFakeAgents } from '../../../../support/agent/fake-agent.ts';
import { Collected, curl, FakeProcess, FakeTrace } from '../../../../support/agent/fake-trace.ts';
import { frameHeader } from '../../../../../common/framing.ts';
import { FrameKind } from '../../../../../common/protocol.ts';
import { batch } from '../../../../support/agent/records.ts';

afterEach(endFakeAgents);

function run() {
  const command = parseCommandLine(['trace', 'root@guest']);
  assert.ok(command.name === 'trace');
  const trace = new FakeTrace();
  const stdout = new Collected();
  const process = new FakeProcess(stdout);
  return { trace, stdout, process, done: traceCommand(command, process.environment, trace.start) };
}

test('standard error tells of a pause, and the totals of all', async () => {
  const { trace, stdout, process, done } = run();
  await stdout.until(/FUNC\n/);
  const pause = { type: 'paused', why: 'silence', from: '1000000000' } as const;
  trace.agent.send({ ...pause, to: null });
  trace.agent.send({ ...pause, to: '13300000000' });
  trace.agent.sendEvents([curl(0)]);
  await stdout.until(/ip_local_out/);
  trace.agent.end = { type: 'end', why: 'stop', events: 1, lost: 0, milliseconds: { detach: 1 } };
  process.interrupt();
  assert.equal(await done, ExitCode.Ok);
  const said = process.stderr.lines;
  assert.equal(said.filter((line) => line.startsWith('The trace is paused, because')).length, 1);
  assert.equal(said.filter((line) => line.startsWith('The trace was paused for 12.3 s')).length, 1);
  assert.match(said.at(-1) ?? '', /1 event, 0 lost, paused 12\.3 s\.$/);
});

test('each kind of loss is told once while it lasts, and counted in the end', async () => {
  const { trace, stdout, process, done } = run();
  await stdout.until(/FUNC\n/);
  const totals = (lost: number, missed: number, untracked: number) => {
    const payload = batch([], { lost, missed, untracked });
    trace.agent.output.write(frameHeader(FrameKind.Events, payload.length));
    trace.agent.output.write(payload);
  };
  totals(1, 0, 0);
  totals(2, 3, 0);
  totals(2, 4, 5);
  await process.stderr.until(/more packets at once/);
  trace.agent.end = {
    type: 'end',
    why: 'stop',
    events: 0,
    lost: 2,
    missed: 4,
    untracked: 5,
    milliseconds: { detach: 1 },
  };
  process.interrupt();
  await done;
  for (const told of [/Events are being lost/, /Probes are being missed/, /more packets at once/])
    assert.equal(process.stderr.lines.filter((line) => told.test(line)).length, 1, String(told));
  assert.match(process.stderr.lines.at(-1) ?? '', /0 events, 2 lost, 4 missed, 5 untracked\.$/);
});
