/**
 * `npm run bench [-- NAME… KERNEL… --tries N --quick]`: builds the product and runs the benchmarks, or only those named.
 * Kernels, tries and a quick look at short loads are for the comparison with pwru.
 */
import { parseArgs } from 'node:util';
import { build } from '../../build/build.ts';
import type { KernelName } from '../lab/images/kernels.ts';
import { filterBenchmark } from './filter.ts';
import { pwruBenchmark, type PwruOptions } from './pwru/pwru.ts';
import { run as measureSource } from './source.ts';
import { lineMeasures } from './source-lines.ts';
import { printTable } from './table.ts';

/** One line of a benchmark's table. */
export interface Measure {
  name: string;
  goal: string;
  measured: string;
}

const BENCHMARKS: Record<string, (options: PwruOptions) => Promise<void>> = {
  pwru: pwruBenchmark,
  filter: filterBenchmark,
  source: sourceBenchmark,
};
/** Of the comparison with pwru: with fprobe, and without. */
const KERNELS: readonly KernelName[] = ['6.12', '6.1'];
const TRIES = 3;

async function sourceBenchmark(): Promise<void> {
  const log = (line: string) => console.error(line);
  const measures = [...(await measureSource(log)), ...(await lineMeasures(log))];
  const rows = measures.map(({ name, goal, measured }) => [name, goal, measured]);
  printTable(['measure', 'goal', 'measured'], rows);
}

/** @throws Error for what is no benchmark, kernel or number */
function readArguments(): { names: string[]; options: PwruOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { tries: { type: 'string' }, quick: { type: 'boolean', default: false } },
  });
  const kernels = KERNELS.filter((kernel) => positionals.includes(kernel));
  const names = positionals.filter((word) => !kernels.includes(word as KernelName));
  const known = Object.keys(BENCHMARKS);
  for (const name of names)
    if (!known.includes(name))
      throw new Error(
        `no benchmark is named "${name}"; there are: ${known.join(', ')}; kernels: ${KERNELS.join(', ')}`,
      );
  const tries = Number(values.tries ?? TRIES);
  if (!Number.isInteger(tries) || tries < 1)
    throw new Error(`--tries wants a number, not ${values.tries ?? ''}`);
  const { quick } = values;
  return { names, options: { kernels: kernels.length === 0 ? KERNELS : kernels, tries, quick } };
}

async function main(): Promise<void> {
  const { names, options } = readArguments();
  await build();
  for (const [name, run] of Object.entries(BENCHMARKS))
    if (names.length === 0 || names.includes(name)) await run(options);
}

await main();
