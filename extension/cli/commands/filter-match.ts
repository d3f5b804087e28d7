/** The command `filter match`: which packets of a capture file a filter matches. */
import { asPacketTraceError } from '../../base/errors.ts';
import { formatCount, formatNumber } from '../../base/numbers.ts';
import { FilterCompiler } from '../../filter/filter-compiler.ts';
import { decideHere, matchFile, type Decide, type MatchReport } from '../../filter/capture-file/match.ts';
import { withTargetDecisions } from '../../tracing/with-agent.ts';
import { answerLines } from '../answer-lines.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { jsonLine, matchObject } from '../output/json-format.ts';
import type { MatchOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';
import type { Status } from '../output/status.ts';
import { targetOptions } from '../target-options.ts';

const MEGABYTE = 1024 * 1024;

/** Prints what matches and returns the exit code. Errors are printed, not thrown. */
export async function filterMatchCommand(options: MatchOptions, environment: Environment): Promise<ExitCode> {
  const { target } = options;
  const compiler = new FilterCompiler(environment.distDir);
  try {
    return await reportingErrors(options, environment, async (status) => {
      const work = (decide: Decide) => matchAll(options, environment, compiler, decide, status);
      if (target === '') await work(decideHere);
      else await withTargetDecisions(targetOptions(options, environment, status), work);
      return ExitCode.Ok;
    });
  } finally {
    await compiler.dispose();
  }
}

async function matchAll(
  options: MatchOptions,
  environment: Environment,
  compiler: FilterCompiler,
  decide: Decide,
  status: Status,
): Promise<void> {
  const { stdout, interrupt } = environment;
  const match = async (filter: string): Promise<MatchReport> => {
    const compiled = filter.trim() === '' ? null : await compiler.compile(filter, interrupt);
    const onProgress = (bytes: number, total: number) => {
      if (total > 32 * MEGABYTE) status.progress(`Matching (${megabytes(bytes)} of ${megabytes(total)} MB)`);
    };
    return matchFile(options.pcap, compiled, { decide, signal: interrupt, onProgress });
  };
  if (options.filter !== '-') {
    const report = await match(options.filter);
    status.clear();
    for (const warning of report.warnings) status.log.warn(warning);
    stdout.write(options.json ? jsonLine(matchObject(options.filter, report)) : matchText(report));
    return;
  }
  await answerLines(environment, async (filter) => {
    try {
      return jsonLine(matchObject(filter, await match(filter)));
    } catch (thrown) {
      const error = asPacketTraceError(thrown);
      if (error.code !== 'filter' && error.code !== 'attach') throw error; // refused by libpcap, by the kernel
      return jsonLine(matchObject(filter, error));
    }
  });
}

const megabytes = (bytes: number) => Math.round(bytes / MEGABYTE);

/** `3 of 120 packets match: 4 7 19` */
function matchText({ packets, matches }: MatchReport): string {
  const verb = matches.length === 1 ? 'matches' : 'match';
  const which = matches.length === 0 ? '' : `: ${matches.join(' ')}`;
  return `${formatNumber(matches.length)} of ${formatCount(packets, 'packet')} ${verb}${which}\n`;
}
