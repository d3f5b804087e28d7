/**
 * The matrix: tests that are too slow to go with every change. Files `*.matrix.ts`, and suites on further kernels
 * (lab/kernels-played.ts).
 */

/**
 * What each file of the matrix takes, in minutes, on two CPUs with another file beside it. As much of it as there is
 * time for is played in continuous integration.
 */
export const MATRIX_MINUTES: Readonly<Record<string, number>> = {
  'lab/agent/filter-change.test.ts': 6,
  'lab/agent/kernels.test.ts': 10,
  'lab/agent/overload.test.ts': 5,
  'lab/agent/packet-programs.test.ts': 4,
  'lab/agent/pause.test.ts': 3,
  'lab/agent/target-changes.test.ts': 4,
  'lab/filter/arm64.matrix.ts': 40,
  'lab/filter/terminal.test.ts': 5,
  'lab/scenarios/on-5.10.matrix.ts': 7,
  'lab/scenarios/on-6.1.matrix.ts': 7,
  'lab/scenarios/on-7.2.matrix.ts': 6,
  'lab/terminal/faults.test.ts': 10,
  'lab/terminal/pwru-commands.test.ts': 16,
  'lab/terminal/terminal.test.ts': 14,
};

/** Estimates are of a quiet machine. */
const CAUTION = 1.5;

/** In another order each day: where there is no time for all, what is left out is not always the same. */
export function inTurn<T>(files: readonly T[], day = Math.floor(Date.now() / 86_400_000)): T[] {
  const first = day % Math.max(1, files.length);
  return [...files.slice(first), ...files.slice(0, first)];
}

/** Whether a file that is begun now ends in time. */
export function fits(file: string, minutesLeft: number): boolean {
  return (MATRIX_MINUTES[file] ?? Infinity) * CAUTION <= minutesLeft;
}
