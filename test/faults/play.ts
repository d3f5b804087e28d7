/** Plays faults: runs the tests of a file that a table names, and no others. */
import { run } from 'node:test';
import { LAB_FAULT } from '../lab/guests/guest.ts';
import type { Fault } from './table.ts';

/** A guest's boot and all faults of a file, on a busy machine. */
const FILE_TIMEOUT_MS = 30 * 60 * 1000;

export interface Outcome {
  passed: number;
  /** What each failure said, one line each. */
  failed: string[];
  milliseconds: number;
}

/** What came of the faults of one file; `labFault`: a guest's kernel died, which says nothing of the product. */
export interface Played {
  outcomes: Map<Fault, Outcome>;
  labFault: boolean;
}

/**
 * Runs those tests of a file that play one of the faults, on their own or within suites at any depth. A test belongs
 * to each fault whose words its name begins with; one that is skipped to none.
 * @param file its whole path
 * @param tell gets what the tests say of themselves
 * @param signal ends them
 */
export function play(
  file: string,
  faults: readonly Fault[],
  tell: (line: string) => void,
  signal?: AbortSignal,
): Promise<Played> {
  const outcomes = new Map<Fault, Outcome>(
    faults.map((fault) => [fault, { passed: 0, failed: [], milliseconds: 0 }]),
  );
  const of = (name: string) =>
    [...outcomes].filter(([{ test }]) => name.startsWith(test)).map(([, outcome]) => outcome);
  let labFault = false;
  const failedHooks: string[] = [];
  const cancelled = new Set<Outcome>();
  return new Promise((resolve, reject) => {
    const events = run({
      files: [file],
      timeout: FILE_TIMEOUT_MS,
      ...(signal && { signal }),
      testNamePatterns: faults.map(({ test }) => new RegExp(`^${escaped(test)}`)),
    });
    events.on('test:pass', ({ name, details, skip }) => {
      if (details.type === 'suite' || skip !== undefined) return;
      for (const outcome of of(name)) {
        outcome.passed++;
        outcome.milliseconds += details.duration_ms;
      }
    });
    events.on('test:fail', ({ name, details }) => {
      const { cause, message, failureType } = details.error as Error & { failureType?: string };
      const [text = ''] = (cause instanceof Error ? cause.message : message).split('\n');
      if (details.type === 'suite') {
        if (failureType === 'hookFailed') failedHooks.push(`${name}: ${text}`);
      } else
        for (const outcome of of(name)) {
          outcome.failed.push(text);
          if (failureType === 'cancelledByParent') cancelled.add(outcome);
        }
    });
    events.on('test:stderr', ({ message }) => {
      if (message.includes(LAB_FAULT)) labFault = true;
    });
    events.on('test:diagnostic', ({ message }) => {
      if (!/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(message)) tell(message);
    });
    events.on('error', reject);
    events.on('end', () => {
      // Tests of a suite whose hooks failed are cancelled, without a word of why.
      for (const { failed } of cancelled) failed.unshift(...failedHooks);
      resolve({ outcomes, labFault });
    });
    events.resume();
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Whether a fault was played, and went as it should each time. */
export const held = ({ passed, failed }: Outcome): boolean => passed > 0 && failed.length === 0;

/** What came of a fault, in words. */
export function told(outcome: Outcome): string {
  const { passed, failed, milliseconds } = outcome;
  const [first] = failed;
  const what =
    first !== undefined
      ? `FAILED: ${first}`
      : passed === 0
        ? 'WAS NOT PLAYED'
        : `held ${passed} of ${passed} times`;
  return `${what}, ${(milliseconds / 1000).toFixed(1)} s`;
}
