/**
 * `npm test [-- WORD…]`: builds the product and runs the unit, lab and workbench tests, or only those whose
 * path contains one of the words. The last line is the count. `npm run test:matrix [-- WORD…]` does it with those
 * that are too slow to go with every change: they are in files `*.matrix.ts`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { build } from '../build/build.ts';
import { repoRoot } from '../build/paths.ts';
import { LAB_FAULT } from './lab/guests/guest.ts';

/** A suite that outlives this is stuck; the longest takes ten minutes, on a busy machine twice that. */
const FILE_TIMEOUT_MS = 30 * 60 * 1000;

/** Ends the tests that run, and with them the guests and browsers that they started. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const MATRIX = '--matrix';

function testFiles(suite: string, suffix: string): string[] {
  const dir = join(repoRoot, 'test', suite);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(dir, name))
    .sort();
}

/** Runs test files; `labFault`: a guest's kernel died meanwhile. */
function runFiles(files: string[], concurrency: number): Promise<Totals & { labFault: boolean }> {
  const result = { passed: 0, failed: 0, skipped: 0, labFault: false };
  return new Promise((resolve, reject) => {
    const { signal } = interrupted;
    const events = runTests({ files, concurrency, timeout: FILE_TIMEOUT_MS, signal });
    events.on('test:pass', ({ details, skip }) => {
      if (details.type === 'suite') return;
      if (skip === undefined) result.passed++;
      else result.skipped++;
    });
    events.on('test:fail', ({ details }) => {
      // A suite fails with its tests, which are counted; or by its own hooks, which nothing else tells.
      const { failureType } = details.error as Error & { failureType?: string };
      if (details.type !== 'suite' || failureType !== 'subtestsFailed') result.failed++;
    });
    events.on('test:stderr', ({ message }) => {
      if (message.includes(LAB_FAULT)) result.labFault = true;
    });
    events.on('error', reject);
    events.on('end', () => resolve(result));
    events.pipe(new spec()).pipe(process.stdout, { end: false });
  });
}

/**
 * Tests in guests. The emulator now and then kills a kernel whose code is being patched: a file that failed in
 * such a guest says nothing of the product and is run once more; the second result counts.
 */
async function runInGuests(files: string[], concurrency: number): Promise<Totals> {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      if (interrupted.signal.aborted) return;
      let result = await runFiles([file], 1);
      if (result.failed > 0 && result.labFault && !interrupted.signal.aborted) {
        console.log(`${file}: a guest's kernel died, the lab's fault; running it once more`);
        result = await runFiles([file], 1);
      }
      add(totals, result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return totals;
}

function add(totals: Totals, more: Totals): void {
  totals.passed += more.passed;
  totals.failed += more.failed;
  totals.skipped += more.skipped;
}

async function main(): Promise<void> {
  const given = process.argv.slice(2);
  const suffix = given.includes(MATRIX) ? '.matrix.ts' : '.test.ts';
  const words = given.filter((word) => word !== MATRIX);
  const wanted = (file: string) => words.length === 0 || words.some((word) => file.includes(word));
  await build();
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const unit = testFiles('unit', suffix).filter(wanted);
  if (unit.length > 0) add(totals, await runFiles(unit, 2));
  // A guest keeps one CPU busy and waits much; a browser beside it wants the rest.
  add(totals, await runInGuests(testFiles('lab', suffix).filter(wanted), 2));
  add(totals, await runInGuests(testFiles('workbench', suffix).filter(wanted), 1));
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

await main();
