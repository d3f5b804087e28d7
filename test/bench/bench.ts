/** `npm run bench [-- NAME…]`: builds the product and runs the benchmarks, or only those named. */
import { build } from '../../build/build.ts';
import { filterBenchmark } from './filter.ts';
import { run as measureSource } from './source.ts';
import { lineMeasures } from './source-lines.ts';
import { printTable } from './table.ts';

/** One line of a benchmark's table. */
export interface Measure {
  name: string;
  goal: string;
  measured: string;
}

const BENCHMARKS: Record<string, () => Promise<void>> = { filter: filterBenchmark, source: sourceBenchmark };

async function sourceBenchmark(): Promise<void> {
  const log = (line: string) => console.error(line);
  const measures = [...(await measureSource(log)), ...(await lineMeasures(log))];
  const rows = measures.map(({ name, goal, measured }) => [name, goal, measured]);
  printTable(['measure', 'goal', 'measured'], rows);
}

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  for (const name of names) {
    if (!(name in BENCHMARKS))
      throw new Error(`no benchmark is named "${name}"; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  }
  await build();
  for (const [name, run] of Object.entries(BENCHMARKS))
    if (names.length === 0 || names.includes(name)) await run();
}

await main();
