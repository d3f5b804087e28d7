/** The command `filter check`: what libpcap says of a filter, where it is wrong and how to mend it. */
import { FilterCompiler } from '../../filter/filter-compiler.ts';
import { printableLines } from '../../base/printable.ts';
import { answerLines } from '../answer-lines.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { filterCheckObject, filterCheckText } from '../output/filter-check-format.ts';
import { jsonLine } from '../output/json-format.ts';
import type { FilterCheckOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';

/**
 * Errors are printed, not thrown.
 * @returns `Usage` for a filter that libpcap refuses; of standard input `Ok` when every line got its answer
 */
export async function filterCheckCommand(
  options: FilterCheckOptions,
  environment: Pick<Environment, 'stdin' | 'stdout' | 'stderr' | 'distDir' | 'interrupt'>,
): Promise<ExitCode> {
  const { stdout, distDir, interrupt } = environment;
  const compiler = new FilterCompiler(distDir);
  const inspect = async (filter: string) => {
    const inspection = await compiler.inspect(filter, { optimize: !options.noOptimize }, interrupt);
    return filterCheckObject(filter, options.link, inspection);
  };
  try {
    return await reportingErrors(options, environment, async () => {
      if (options.filter !== '-') {
        const checked = await inspect(options.filter);
        stdout.write(options.json ? jsonLine(checked) : printableLines(filterCheckText(checked)));
        return checked.ok ? ExitCode.Ok : ExitCode.Usage;
      }
      await answerLines(environment, async (line) => jsonLine(await inspect(line)));
      return ExitCode.Ok;
    });
  } finally {
    await compiler.dispose();
  }
}
