import type { PacketTraceError } from '../base/errors.ts';
import type { Environment } from './environment.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import { errorObject, jsonLine } from './output/json-format.ts';
import { Status } from './output/status.ts';

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
