import { setTimeout as sleep } from 'node:timers/promises';
import { printableLines } from '../../base/printable.ts';
import type { countFunctions, planOf } from '../../tracing/with-agent.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { countsLines, countsText, planLines, planText } from '../output/functions-format.ts';
import type { FunctionsOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';
import { targetOptions } from '../target-options.ts';

/** The `functions` command: prints what would be probed, or counts its calls; returns the exit code. */
export async function functionsCommand(
  options: FunctionsOptions,
  environment: Environment,
  ask: { planOf: typeof planOf; countFunctions: typeof countFunctions },
): Promise<ExitCode> {
  return reportingErrors(options, environment, async (status) => {
    const { functions, modules, backend, seconds, json, target } = options;
    const choice = {
      functions: functions === '' ? null : functions,
      ...(modules.length > 0 && { modules: [...modules] }),
    };
    const { stdout, interrupt } = environment;
    const connect = targetOptions(options, environment, status);
    if (!options.count) {
      const plan = await ask.planOf(connect, choice);
      status.clear();
      stdout.write(json ? planLines(plan) : printableLines(planText(plan)));
      return ExitCode.Ok;
    }
    const counted = await ask.countFunctions(connect, { ...choice, backend }, async (counting) => {
      status.say(
        `Counting ${counting.functions.length.toLocaleString('en')} functions on ${target} for ${seconds} s; Ctrl-C ends it.`,
      );
      await sleep(seconds * 1000, undefined, { signal: interrupt }).catch(() => undefined);
    });
    status.clear();
    stdout.write(json ? countsLines(counted) : printableLines(countsText(counted)));
    return ExitCode.Ok;
  });
}
