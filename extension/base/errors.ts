/**
 * Every failure that a user can meet, made in this one file so that wording stays of one kind: what was
 * attempted and what went wrong (`message`), and what to do next (`remedy`).
 */
import { printableLines } from './printable.ts';

export type ErrorCode =
  // what the user asked for
  | 'usage'
  | 'filter'
  | 'function-pattern'
  | 'pcap-file'
  | 'recording'
  // reaching the target
  | 'host-unknown'
  | 'connection-refused'
  | 'connection-timeout'
  | 'host-key-changed'
  | 'host-key-unknown'
  | 'authentication'
  | 'identity-file'
  // what the target can do
  | 'target-unsupported'
  | 'target-no-btf'
  | 'target-no-privilege'
  | 'target-lockdown'
  | 'target-no-space'
  | 'deploy'
  | 'agent-start'
  | 'attach'
  | 'protocol'
  // during the trace
  | 'connection-lost'
  | 'agent-died'
  | 'cancelled'
  | 'internal';

export class PacketTraceError extends Error {
  override readonly name = 'PacketTraceError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** The next step, a sentence or two; empty where there is none. */
    readonly remedy = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The user gave up, or something newer took its place. */
export function cancelled(): PacketTraceError {
  return new PacketTraceError('cancelled', 'Cancelled.');
}

/** Message and remedy as one text; what a target wrote may be in it, so it is made printable. */
export function errorText({ message, remedy }: PacketTraceError): string {
  return printableLines([message, remedy].filter((part) => part !== '').join(' '));
}

/** Any thrown value as a PacketTraceError; unexpected ones become `internal` and keep their cause. */
export function asPacketTraceError(error: unknown): PacketTraceError {
  if (error instanceof PacketTraceError) return error;
  if (error instanceof Error && error.name === 'AbortError') return cancelled();
  const message = error instanceof Error ? error.message : String(error);
  return new PacketTraceError('internal', message, '', { cause: error });
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled();
}
