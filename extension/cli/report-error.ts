import { asPacketTraceError, type PacketTraceError } from '../base/errors.ts';
import type { Environment } from './environment.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import { errorObject, jsonLine } from './output/json-format.ts';
import { Status } from './output/status.ts';

type Streams = Pick<Environment, 'stdout' | 'stderr'>;

/** Tells why a command failed, and returns its exit code. */
export function reportError(
  error: PacketTraceError,
  { json, isTracing = false }: { json: boolean; isTracing?: boolean },
  { stdout, stderr }: Streams,
  status = new Status(stderr, false),
): ExitCode {
  if (json) stdout.write(jsonLine(errorObject(error)));
  status.say(`packet-trace: ${[error.message, error.remedy].filter((part) => part !== '').join('\n  ')}`);
  return exitCodeOf(error.code, isTracing);
}

/** Does the work of a command; what it throws is told, and decides the exit code. */
export async function reportingErrors(
  options: { json: boolean; verbose?: boolean },
  streams: Streams,
  work: (status: Status) => Promise<ExitCode>,
): Promise<ExitCode> {
  const status = new Status(streams.stderr, options.verbose ?? false);
  try {
    return await work(status);
  } catch (error) {
    return reportError(asPacketTraceError(error), options, streams, status);
  }
}
