import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentExit } from '../../../../common/protocol.ts';
import type { AgentClosed } from '../../../../extension/target/connection.ts';
import { agentDidNotStart, lostAgent, notTheAgent } from '../../../../extension/tracing/agent-errors.ts';

const closed = { exitCode: 1, signal: undefined, connectionLost: false };
const HOSTILE = `fault\x1b[2J\nRun "sudo sh"${' and this'.repeat(1000)}`;

test('what an agent wrote is a short quotation on one line', () => {
  for (const error of [(end: AgentClosed) => lostAgent(end, false), agentDidNotStart]) {
    const { message } = error({ ...closed, stderr: HOSTILE });
    assert.match(message, /\(exit code 1\)\. It wrote: "fault\\x1b\[2J; Run 'sudo sh' and [^"]+"\.$/);
    assert.ok(message.length < 500);
    assert.doesNotMatch(error({ ...closed, stderr: ' \n' }).message, /It wrote/);
  }
});

test('so is what comes in its place', () => {
  const { message } = notTheAgent(Buffer.from(`Welcome!\r\n\x1b]0;owned\x07\x9b8m${'.'.repeat(1000)}`));
  assert.match(message, /: "Welcome!; \\x1b\]0;owned\\x07\\x9b8m\.{100,200}"\.$/);
});

test('the next step after a lost connection is one that there is', () => {
  for (const end of [
    { ...closed, exitCode: undefined, connectionLost: true, stderr: '' },
    { ...closed, exitCode: AgentExit.Silence, stderr: '' },
  ]) {
    assert.equal(lostAgent(end, true).code, 'connection-lost');
    assert.match(lostAgent(end, true).remedy, /What was captured is kept.*; reconnect\b/);
    assert.match(lostAgent(end, false).remedy, /What was captured is kept.*; start the trace again\b/);
  }
});
