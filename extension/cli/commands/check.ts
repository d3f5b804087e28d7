import type { CheckItem } from '../../../common/protocol.ts';
import { printableLines } from '../../base/printable.ts';
import type { ConnectOptions } from '../../target/connection.ts';
import type { TargetCheck } from '../../tracing/with-agent.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { checkObject, jsonLine } from '../output/json-format.ts';
import type { CheckOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';
import { targetOptions } from '../target-options.ts';

/** The `check` command: prints what a target can do and returns the exit code. */
export async function checkCommand(
  options: CheckOptions,
  environment: Environment,
  checkTarget: (options: ConnectOptions) => Promise<TargetCheck>,
): Promise<ExitCode> {
  return reportingErrors(options, environment, async (status) => {
    const check = await checkTarget(targetOptions(options, environment, status));
    status.clear();
    environment.stdout.write(options.json ? jsonLine(checkObject(check)) : printableLines(checkText(check)));
    return isTraceable(check.report.items) ? ExitCode.Ok : ExitCode.CannotTrace;
  });
}

function isTraceable(items: readonly CheckItem[]): boolean {
  return items.every(({ status }) => status !== 'missing');
}

/** One line an item, its remedy below it. */
export function checkText({ label, facts, report }: TargetCheck): string {
  const lines = report.items.map(({ name, status, detail, remedy }) => {
    const line = `${status.padEnd(8)} ${name.padEnd(13)} ${detail}`;
    return remedy === '' ? line : `${line}\n${' '.repeat(23)}${remedy}`;
  });
  const verdict = isTraceable(report.items) ? 'can be traced' : 'cannot be traced';
  const node = `Node ${facts.node.version} (${facts.node.origin})`;
  return `${lines.join('\n')}\n${label} ${verdict}: Linux ${facts.kernelRelease} ${facts.machine}, as ${facts.user} (${facts.privilege}), ${node}\n`;
}
