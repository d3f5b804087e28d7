/**
 * `npm run test:faults [-- WORD…]`: plays what goes wrong in the field (table.ts), or only the faults with one of the
 * words, and prints what came of each. The last line is the count.
 */
import { join } from 'node:path';
import { build } from '../../build/build.ts';
import { repoRoot } from '../../build/paths.ts';
import { KERNELS_PLAYED } from '../lab/kernels-played.ts';
import { held, play, told, type Outcome } from './play.ts';
import { FAULTS, type Fault } from './table.ts';

const FRAMES = '1000000';

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
  process.env[KERNELS_PLAYED] ??= 'all';
  const outcomes = new Map<Fault, Outcome>();
  for (const file of new Set(wanted.map((fault) => fault.file))) {
    if (interrupted.signal.aborted) break;
    const faults = wanted.filter((fault) => fault.file === file);
    for (const [fault, outcome] of await playFile(file, faults)) outcomes.set(fault, outcome);
  }
  const width = Math.max(0, ...wanted.map(({ fault }) => fault.length));
  let passed = 0;
  for (const fault of wanted) {
    const outcome = outcomes.get(fault) ?? { passed: 0, failed: [], milliseconds: 0 };
    if (held(outcome)) passed++;
    console.log(`${fault.fault.padEnd(width)}  ${told(outcome)}`);
  }
  console.log(`${passed} passed, ${wanted.length - passed} failed`);
  process.exitCode = passed < wanted.length || passed === 0 ? 1 : 0;
}

/** Plays the faults of a file, and those that failed in a guest whose kernel died once more. */
async function playFile(file: string, faults: readonly Fault[]): Promise<Map<Fault, Outcome>> {
  const once = (these: readonly Fault[]) =>
    play(join(repoRoot, 'test', file), these, (line) => console.log(`  ${line}`), interrupted.signal);
  console.log(`playing ${file}`);
  const { outcomes, labFault } = await once(faults);
  const again = faults.filter((fault) => !held(outcomes.get(fault)!));
  if (!labFault || again.length === 0 || interrupted.signal.aborted) return outcomes;
  console.log(`playing ${file} once more: a guest's kernel died, the lab's fault`);
  return new Map([...outcomes, ...(await once(again)).outcomes]);
}

await main();
