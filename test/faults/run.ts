/**
 * `npm run test:faults [-- WORD…]`: plays what goes wrong in the field (table.ts), or only the faults with one of the
 * words, and prints what came of each. The last line is the count.
 */
import { join } from 'node:path';
import { run } from 'node:test';
import { build } from '../../build/build.ts';
import { repoRoot } from '../../build/paths.ts';
import { FAULTS, type Fault } from './table.ts';

/** A guest's boot and all faults of a file, on a busy machine. */
const FILE_TIMEOUT_MS = 30 * 60 * 1000;
const FRAMES = '1000000';

interface Outcome {
  passed: number;
  failed: string[];
  milliseconds: number;
}

/** Ends the tests that run, and with them the guests that they started. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const wanted = FAULTS.filter(
    ({ fault }) => words.length === 0 || words.some((word) => fault.includes(word)),
  );
  await build();
  process.env.MALFORMED_FRAMES ??= FRAMES;
  const outcomes = new Map<Fault, Outcome>(
    wanted.map((fault) => [fault, { passed: 0, failed: [], milliseconds: 0 }]),
  );
  for (const file of new Set(wanted.map((fault) => fault.file))) {
    if (interrupted.signal.aborted) break;
    console.log(`playing ${file}`);
    await play(
      file,
      wanted.filter((fault) => fault.file === file),
      outcomes,
    );
  }
  const width = Math.max(0, ...wanted.map(({ fault }) => fault.length));
  let [passed, failed] = [0, 0];
  for (const [{ fault }, outcome] of outcomes) {
    const good = outcome.passed > 0 && outcome.failed.length === 0;
    if (good) passed++;
    else failed++;
    const told = good
      ? `held ${outcome.passed} of ${outcome.passed} times`
      : (outcome.failed[0] ?? 'was not played');
    console.log(`${fault.padEnd(width)}  ${told}, ${(outcome.milliseconds / 1000).toFixed(1)} s`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

/** Runs the tests of a file that play faults. */
function play(file: string, faults: readonly Fault[], outcomes: ReadonlyMap<Fault, Outcome>): Promise<void> {
  const testNamePatterns = faults.map(({ test }) => new RegExp(`^${escaped(test)}`));
  return new Promise((resolve, reject) => {
    const events = run({
      files: [join(repoRoot, 'test', file)],
      timeout: FILE_TIMEOUT_MS,
      signal: interrupted.signal,
      testNamePatterns,
    });
    const of = (name: string) =>
      faults.filter(({ test }) => name.startsWith(test)).map((fault) => outcomes.get(fault));
    events.on('test:pass', ({ name, details, skip }) => {
      if (details.type === 'suite' || skip !== undefined) return;
      for (const outcome of of(name)) {
        if (outcome === undefined) continue;
        outcome.passed++;
        outcome.milliseconds += details.duration_ms;
      }
    });
    events.on('test:fail', ({ name, details }) => {
      const text = details.error.cause instanceof Error ? details.error.cause.message : details.error.message;
      for (const outcome of of(name)) outcome?.failed.push(`FAILED: ${text.split('\n')[0] ?? ''}`);
    });
    events.on('test:diagnostic', ({ message }) => {
      if (!/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(message))
        console.log(`  ${message}`);
    });
    events.on('error', reject);
    events.on('end', () => resolve());
    events.resume();
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

await main();
