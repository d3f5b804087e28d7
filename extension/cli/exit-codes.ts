import type { ErrorCode } from '../base/errors.ts';

export const ExitCode = {
  Ok: 0,
  Internal: 1,
  Usage: 2,
  NotReached: 3,
  CannotTrace: 4,
  CutShort: 5,
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Shown by --help and checked against docs/terminal.md. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [
    ExitCode.Ok,
    'the trace was stopped by Ctrl-C, SIGTERM or --output-limit-lines, or the check found no obstacle',
  ],
  [ExitCode.Internal, 'an error inside packet-trace'],
  [ExitCode.Usage, 'wrong options, pcap filter, function pattern or capture file'],
  [
    ExitCode.NotReached,
    'the target was not reached: its name, its host key, the login, or the connection was lost meanwhile',
  ],
  [ExitCode.CannotTrace, 'the target was reached and cannot be traced'],
  [ExitCode.CutShort, 'the trace was cut short: the connection or the agent was lost while it ran'],
  [ExitCode.Interrupted, 'interrupted before the trace began, or interrupted twice'],
];

const BY_ERROR: Record<ErrorCode, ExitCode> = {
  usage: ExitCode.Usage,
  filter: ExitCode.Usage,
  'function-pattern': ExitCode.Usage,
  recording: ExitCode.Usage,
  'pcap-file': ExitCode.Usage,
  'host-unknown': ExitCode.NotReached,
  'connection-refused': ExitCode.NotReached,
  'connection-timeout': ExitCode.NotReached,
  'host-key-changed': ExitCode.NotReached,
  'host-key-unknown': ExitCode.NotReached,
  authentication: ExitCode.NotReached,
  'identity-file': ExitCode.NotReached,
  'target-unsupported': ExitCode.CannotTrace,
  'target-no-btf': ExitCode.CannotTrace,
  'target-no-privilege': ExitCode.CannotTrace,
  'target-lockdown': ExitCode.CannotTrace,
  'target-no-space': ExitCode.CannotTrace,
  deploy: ExitCode.CannotTrace,
  'agent-start': ExitCode.CannotTrace,
  attach: ExitCode.CannotTrace,
  protocol: ExitCode.CannotTrace,
  'connection-lost': ExitCode.NotReached,
  'agent-died': ExitCode.CannotTrace,
  cancelled: ExitCode.Interrupted,
  internal: ExitCode.Internal,
};

/** What loses the agent: of a trace that runs it is the end, not a reason why there is none. */
const CUTS_SHORT: readonly ErrorCode[] = ['connection-lost', 'agent-died', 'protocol'];

/** @param isTracing a trace had begun */
export function exitCodeOf(code: ErrorCode, isTracing: boolean): ExitCode {
  return isTracing && CUTS_SHORT.includes(code) ? ExitCode.CutShort : BY_ERROR[code];
}
