/**
 * `npm test [-- WORD…]`: builds the product and runs the unit, lab and workbench tests, or only those whose
 * path contains one of the words. The last line is the count. `npm run test:matrix [-- WORD…]` does it with those
 * that are too slow to go with every change (matrix.ts). With `--minutes N` as much of the matrix follows as ends
 * within N minutes from the beginning.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { build } from '../build/build.ts';
import { repoRoot } from '../build/paths.ts';
import { LAB_FAULT } from './lab/guests/guest.ts';
import { KERNELS_PLAYED } from './lab/kernels-played.ts';
import { fits, inTurn, MATRIX_MINUTES } from './matrix.ts';

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

const testDir = join(repoRoot, 'test');

function testFiles(suite: string): string[] {
  const dir = join(testDir, suite);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(dir, name))
    .sort();
}

/** As they are called below test/. */
const nameOf = (file: string): string => relative(testDir, file);

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
 * @param next the file that is to be begun now, until there is none
 */
async function runInGuests(next: () => string | undefined, concurrency: number): Promise<Totals> {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const work = async () => {
    for (let file = next(); file !== undefined; file = next()) {
      if (interrupted.signal.aborted) return;
      const begin = Date.now();
      let result = await runFiles([file], 1);
      if (result.failed > 0 && result.labFault && !interrupted.signal.aborted) {
        console.log(`${nameOf(file)}: a guest's kernel died, the lab's fault; running it once more`);
        result = await runFiles([file], 1);
      }
      console.log(`${nameOf(file)} took ${((Date.now() - begin) / 60_000).toFixed(1)} min`);
      add(totals, result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return totals;
}

/** One after the other. */
function each(files: readonly string[]): () => string | undefined {
  const waiting = [...files];
  return () => waiting.shift();
}

/** Those that end in time, and then says which do not. */
function untilTime(files: readonly string[], minutesLeft: () => number): () => string | undefined {
  const waiting = inTurn(files);
  let told = false;
  return () => {
    const index = waiting.findIndex((file) => fits(nameOf(file), minutesLeft()));
    if (index >= 0) return waiting.splice(index, 1)[0];
    if (!told && waiting.length > 0)
      console.log(
        `left out, for want of time: ${waiting.map(nameOf).join(', ')}; npm run test:matrix plays them`,
      );
    told = true;
    return undefined;
  };
}

function add(totals: Totals, more: Totals): void {
  totals.passed += more.passed;
  totals.failed += more.failed;
  totals.skipped += more.skipped;
}

async function main(): Promise<void> {
  const begin = Date.now();
  const { values, positionals: words } = parseArgs({
    allowPositionals: true,
    options: { matrix: { type: 'boolean', default: false }, minutes: { type: 'string' } },
  });
  const wanted = (file: string) => words.length === 0 || words.some((word) => file.includes(word));
  await build();
  const totals = { passed: 0, failed: 0, skipped: 0 };
  if (!values.matrix) {
    const unit = testFiles('unit').filter(wanted);
    if (unit.length > 0) add(totals, await runFiles(unit, 2));
    // A guest keeps one CPU busy and waits much; a browser beside it wants the rest.
    add(totals, await runInGuests(each(testFiles('lab').filter(wanted)), 2));
    add(totals, await runInGuests(each(testFiles('workbench').filter(wanted)), 1));
  }
  if (values.matrix || values.minutes !== undefined) {
    process.env[KERNELS_PLAYED] ??= 'others';
    const files = Object.keys(MATRIX_MINUTES)
      .map((name) => join(testDir, name))
      .filter(wanted);
    const minutesLeft = () => Number(values.minutes) - (Date.now() - begin) / 60_000;
    add(totals, await runInGuests(values.matrix ? each(files) : untilTime(files, minutesLeft), 2));
  }
  if (totals.passed + totals.failed + totals.skipped === 0)
    console.log(
      `no test's path contains ${words.join(' or ')}; npm run test:matrix has those that are too slow to go with every change`,
    );
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

await main();
