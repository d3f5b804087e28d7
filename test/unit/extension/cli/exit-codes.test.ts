import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, exitCodeOf } from '../../../../extension/cli/exit-codes.ts';

test('what is lost before a trace runs did not reach the target; after that it cuts the trace short', () => {
  for (const [code, before, during] of [
    ['connection-lost', ExitCode.NotReached, ExitCode.CutShort],
    ['agent-died', ExitCode.CannotTrace, ExitCode.CutShort],
    ['protocol', ExitCode.CannotTrace, ExitCode.CutShort],
    ['internal', ExitCode.Internal, ExitCode.Internal],
    ['usage', ExitCode.Usage, ExitCode.Usage],
    ['cancelled', ExitCode.Interrupted, ExitCode.Interrupted],
  ] as const)
    assert.deepEqual([exitCodeOf(code, false), exitCodeOf(code, true)], [before, during], code);
});
