/** `npm run bench [-- NAME…]`: builds the product and runs the benchmarks, or only those named. */
import { build } from '../../build/build.ts';
import { filterBenchmark } from './filter.ts';

const BENCHMARKS: Record<string, () => Promise<void>> = { filter: filterBenchmark };

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
