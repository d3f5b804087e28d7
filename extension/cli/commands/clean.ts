import { printableLines } from '../../base/printable.ts';
import type { CleanReport } from '../../target/clean.ts';
import type { ConnectOptions } from '../../target/connection.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { cleanObject, jsonLine } from '../output/json-format.ts';
import type { CleanOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';
import { targetOptions } from '../target-options.ts';

/** The `clean` command: takes everything of ours off a target and prints what that was. */
export async function cleanCommand(
  options: CleanOptions,
  environment: Environment,
  cleanTarget: (options: ConnectOptions) => Promise<CleanReport>,
): Promise<ExitCode> {
  return reportingErrors(options, environment, async (status) => {
    const report = await cleanTarget(targetOptions(options, environment, status));
    status.clear();
    environment.stdout.write(
      options.json ? jsonLine(cleanObject(report)) : printableLines(cleanText(report)),
    );
    return ExitCode.Ok;
  });
}

/** A line for each thing, and one for all. */
export function cleanText({ label, removed, probes, kept, running }: CleanReport): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const lines = [
    ...removed.map(({ path, bytes }) => `removed  ${path}${bytes > 0 ? ` (${megabytes(bytes)})` : ''}`),
    ...(probes > 0 ? [`removed  ${probes} definitions of probes, of traces that are gone`] : []),
    ...kept.map(({ path, why }) => `kept     ${path}: ${why}`),
    ...running.map((pid) => `running  process ${pid}, the agent of a trace that goes on`),
  ];
  const total = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  const nothing = removed.length === 0 && probes === 0;
  const verdict = nothing ? 'there was nothing to remove' : `${megabytes(total)} removed`;
  return `${[...lines, `${label}: ${verdict}`].join('\n')}\n`;
}
