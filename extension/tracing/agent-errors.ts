/** What went wrong with an agent, in the user's words and codes. */
import { HEARTBEAT_TIMEOUT_MS, type AgentError, type AgentErrorCode } from '../../common/protocol.ts';
import { PacketTraceError, type ErrorCode } from '../base/errors.ts';
import type { AgentClosed } from '../target/connection.ts';

const CODES: Record<AgentErrorCode, ErrorCode> = {
  'no-privilege': 'target-no-privilege',
  'no-btf': 'target-no-btf',
  'no-bpf': 'target-unsupported',
  lockdown: 'target-lockdown',
  'no-function': 'function-pattern',
  'bad-pattern': 'function-pattern',
  'bad-filter': 'filter',
  load: 'attach',
  attach: 'attach',
  protocol: 'agent-start',
  internal: 'internal',
};

/** An error message of the agent. */
export function fromAgentError(error: AgentError): PacketTraceError {
  return new PacketTraceError(CODES[error.code] ?? 'internal', error.message, error.remedy);
}

/** What the agent says when it leaves for want of pings (remote-agent/main.ts). */
const SILENCE = 'the editor is silent';

/** The agent, or the way to it, is gone in the middle of a trace: `connection-lost` or `agent-died`. */
export function lostAgent(closed: AgentClosed): PacketTraceError {
  if (closed.stderr.includes(SILENCE)) return unheard();
  if (closed.connectionLost) {
    return new PacketTraceError(
      'connection-lost',
      'The connection to the target was lost.',
      'What was captured is kept. The agent removes its probes within seconds; start the trace again when the target can be reached.',
    );
  }
  return new PacketTraceError(
    'agent-died',
    `The agent on the target ended unexpectedly (${howItEnded(closed)}).${stderrTail(closed)}`,
    'What was captured is kept. The kernel removed the probes with the agent; start the trace again.',
  );
}

/** The agent stopped because nothing reached it: this machine slept, or the network between was gone. */
export function unheard(): PacketTraceError {
  return new PacketTraceError(
    'connection-lost',
    `The target heard nothing from here for ${HEARTBEAT_TIMEOUT_MS / 1000} s and removed its probes.`,
    'What was captured is kept; start the trace again.',
  );
}

/** The agent was gone before it could trace. */
export function agentDidNotStart(closed: AgentClosed): PacketTraceError {
  if (closed.connectionLost)
    return new PacketTraceError(
      'connection-lost',
      'The connection to the target was lost.',
      'Try again when the target can be reached.',
    );
  return new PacketTraceError(
    'agent-start',
    `The agent on the target ended before it could trace (${howItEnded(closed)}).${stderrTail(closed)}`,
    'Run "packet-trace check" for this target to see what it lacks.',
  );
}

/** The filter of a trace that does not run any more cannot be changed. */
export function traceIsOver(): PacketTraceError {
  return new PacketTraceError(
    'usage',
    'The filter cannot be changed: the trace is over.',
    'Start a new trace with the filter.',
  );
}

/** Something else than the agent writes to its standard output. */
export function notTheAgent(received: Uint8Array): PacketTraceError {
  const text = printable(received, 200);
  return new PacketTraceError(
    'agent-start',
    `The target sent this where the agent's messages were expected: "${text}"`,
    'If a shell start-up file on the target (such as .bashrc) prints this, make it print in interactive shells only.',
  );
}

function howItEnded({ exitCode, signal }: AgentClosed): string {
  if (signal !== undefined) return `killed by ${signal}`;
  return exitCode === undefined ? 'without an exit code' : `exit code ${exitCode}`;
}

function stderrTail({ stderr }: AgentClosed): string {
  const text = stderr.trim();
  return text === '' ? '' : ` It wrote: ${text.slice(-1000)}`;
}

function printable(bytes: Uint8Array, limit: number): string {
  const text = Buffer.from(bytes.subarray(0, limit))
    .toString('latin1')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return bytes.length > limit ? `${text}…` : text;
}
