/** What went wrong with an agent, in the user's words and codes. */
import { ProtocolError } from '../../common/errors.ts';
import {
  AgentExit,
  PROTOCOL_VERSION,
  SILENCE_ENDS_MS,
  type AgentError,
  type AgentErrorCode,
} from '../../common/protocol.ts';
import { PacketTraceError, type ErrorCode } from '../base/errors.ts';
import { quoted } from '../base/printable.ts';
import type { AgentClosed } from '../target/connection.ts';

const CODES: Record<AgentErrorCode, ErrorCode> = {
  'no-privilege': 'target-no-privilege',
  'no-btf': 'target-no-btf',
  'no-bpf': 'target-unsupported',
  lockdown: 'target-lockdown',
  'no-function': 'function-pattern',
  'bad-pattern': 'function-pattern',
  'no-module': 'function-pattern',
  'bad-filter': 'filter',
  'bad-condition': 'filter',
  load: 'attach',
  attach: 'attach',
  protocol: 'protocol',
  internal: 'internal',
};

/** An error message of the agent. */
export function fromAgentError(error: AgentError): PacketTraceError {
  return new PacketTraceError(CODES[error.code], error.message, error.remedy);
}

/**
 * The agent, or the way to it, is gone in the middle of a trace: `connection-lost` or `agent-died`.
 * @param goesOn another connection can go on with the capture
 */
export function lostAgent(closed: AgentClosed, goesOn: boolean): PacketTraceError {
  if (closed.exitCode === AgentExit.Silence) return unheard(goesOn);
  if (closed.connectionLost) {
    return new PacketTraceError(
      'connection-lost',
      'The connection to the target was lost.',
      `What was captured is kept. The agent removes its probes within seconds; ${next(goesOn)} when the target can be reached.`,
    );
  }
  return new PacketTraceError(
    'agent-died',
    `The agent on the target ended unexpectedly (${howItEnded(closed)}).${stderrTail(closed)}`,
    isKilled(closed)
      ? 'What was captured is kept, and the kernel removed the probes with the agent. If nobody killed it, the target ran out of memory: "dmesg" there says so.'
      : 'What was captured is kept. The kernel removed the probes with the agent; start the trace again.',
  );
}

/** The agent stopped because nothing reached it: this machine slept, or the network between was gone. */
export function unheard(goesOn: boolean): PacketTraceError {
  return new PacketTraceError(
    'connection-lost',
    `The target heard nothing from here for ${SILENCE_ENDS_MS / 1000} s and removed its probes.`,
    `What was captured is kept; ${next(goesOn)}.`,
  );
}

const next = (goesOn: boolean): string => (goesOn ? 'reconnect' : 'start the trace again');

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

/** The capture cannot go on: nothing of before holds for this kernel. */
export function bootedMeanwhile(): PacketTraceError {
  return new PacketTraceError(
    'connection-lost',
    'The target was booted anew since the connection was lost, or another machine answers in its place.',
    'What was captured is kept; start a new trace.',
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

const REINSTALL = 'Run "packet-trace clean TARGET" and try again.';

/** The agent was deployed by another version of this program. */
export function otherRelease(protocol: number): PacketTraceError {
  return new PacketTraceError(
    'agent-start',
    `The agent on the target is another release: it speaks version ${protocol} of the protocol, not ${PROTOCOL_VERSION}.`,
    REINSTALL,
  );
}

/** The agent is there and says nothing. @param what it owes */
export function noAnswer(what: string, milliseconds: number): PacketTraceError {
  return new PacketTraceError(
    'agent-start',
    `The agent on the target owes ${what} and said nothing for ${milliseconds / 1000} s.`,
    'The target may be overloaded, or the network to it gone: try again.',
  );
}

/** What the agent sends is not what its protocol says, or it could not be taken in. */
export function unreadable(error: unknown): PacketTraceError {
  const text = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  if (!(error instanceof ProtocolError))
    return new PacketTraceError('internal', `The agent's messages could not be taken in: ${text}`, '', cause);
  return new PacketTraceError(
    'protocol',
    `The agent on the target does not keep to its protocol: ${text}.`,
    REINSTALL,
    cause,
  );
}

/** Of what comes in the agent's place: enough to know it by. */
const SHOWN_BYTES = 200;

/** Something else than the agent writes to its standard output. */
export function notTheAgent(received: Uint8Array): PacketTraceError {
  const text = Buffer.from(received.subarray(0, SHOWN_BYTES)).toString();
  return new PacketTraceError(
    'agent-start',
    `The target sent this where the agent's messages were expected: ${quoted(text, SHOWN_BYTES)}.`,
    'If a shell start-up file on the target (such as .bashrc) prints this, make it print in interactive shells only.',
  );
}

/** A shell in between tells of it by 128 and the signal's number. */
function isKilled({ exitCode, signal }: AgentClosed): boolean {
  return signal === 'SIGKILL' || exitCode === 128 + 9;
}

function howItEnded(closed: AgentClosed): string {
  const { exitCode, signal } = closed;
  if (isKilled(closed)) return 'killed by SIGKILL';
  if (signal !== undefined) return `killed by ${signal}`;
  return exitCode === undefined ? 'without an exit code' : `exit code ${exitCode}`;
}

function stderrTail({ stderr }: AgentClosed): string {
  const text = stderr.trim();
  return text === '' ? '' : ` It wrote: ${quoted(text)}.`;
}
