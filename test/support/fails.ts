import assert from 'node:assert/strict';
import { PacketTraceError, type ErrorCode } from '../../extension/base/errors.ts';

/** Who gave up knows what to do, and no one step helps against all that may break an upload. */
const WITHOUT_REMEDY: readonly ErrorCode[] = ['cancelled', 'deploy'];

/** That an attempt fails with an error of a code, and says what to do next. @returns it */
export async function fails(code: ErrorCode, attempt: Promise<unknown>): Promise<PacketTraceError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  if (!WITHOUT_REMEDY.includes(code)) assert.notEqual(error.remedy, '');
  return error;
}
