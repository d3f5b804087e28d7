/**
 * `npm test [-- WORD…]`: builds the product and runs the unit, lab and workbench tests, or only those whose
 * path contains one of the words. The last line is the count.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { build } from '../build/build.ts';
import { repoRoot } from '../build/paths.ts';

/** A suite that outlives this is stuck; CI has 45 minutes for everything. */
const FILE_TIMEOUT_MS = 20 * 60 * 1000;

const totals = { passed: 0, failed: 0, skipped: 0 };

function testFiles(suite: string): string[] {
  const dir = join(repoRoot, 'test', suite);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(dir, name))
    .sort();
}

function runSuite(files: string[], concurrency: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const events = runTests({ files, concurrency, timeout: FILE_TIMEOUT_MS });
    const count = (
      result: 'passed' | 'failed',
      data: { details: { type?: string }; skip?: string | boolean },
    ) => {
      if (data.details.type === 'suite') return;
      if (data.skip !== undefined) totals.skipped++;
      else totals[result]++;
    };
    events.on('test:pass', (data) => count('passed', data));
    events.on('test:fail', (data) => count('failed', data));
    events.on('error', reject);
    events.on('end', resolve);
    events.pipe(new spec()).pipe(process.stdout, { end: false });
  });
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const wanted = (file: string) => words.length === 0 || words.some((word) => file.includes(word));
  await build();
  // Guests and browsers want the machine for themselves; unit tests share it.
  for (const [suite, concurrency] of [
    ['unit', 2],
    ['lab', 1],
    ['workbench', 1],
  ] as const) {
    const files = testFiles(suite).filter(wanted);
    if (files.length > 0) await runSuite(files, concurrency);
  }
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

await main();
