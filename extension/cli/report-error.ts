import type { PacketTraceError } from '../errors.ts';
import type { Environment } from './environment.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import { errorObject, jsonLine } from './json-format.ts';
import { Status } from './status.ts';

/** Tells why a command failed, and returns its exit code. */
export function reportError(
  error: PacketTraceError,
  { json }: { json: boolean },
  { stdout, stderr }: Pick<Environment, 'stdout' | 'stderr'>,
  status = new Status(stderr, false),
): ExitCode {
  if (json) stdout.write(jsonLine(errorObject(error)));
  status.say(`packet-trace: ${[error.message, error.remedy].filter((part) => part !== '').join('\n  ')}`);
  return exitCodeOf(error.code);
}
