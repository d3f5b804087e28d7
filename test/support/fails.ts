import assert from 'node:assert/strict';
import { PacketTraceError, type ErrorCode } from '../../extension/base/errors.ts';

/** That an attempt fails with an error of a code. @returns it */
export async function fails(code: ErrorCode, attempt: Promise<unknown>): Promise<PacketTraceError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}
