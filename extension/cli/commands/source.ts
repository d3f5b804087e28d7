import { readFile } from 'node:fs/promises';
import { PacketTraceError } from '../../base/errors.ts';
import { KernelConfig } from '../../kernel-source/resolve/kernel-config.ts';
import { Kallsyms } from '../../kernel-source/resolve/kallsyms.ts';
import { type Resolution, resolveFunction } from '../../kernel-source/resolve/resolve.ts';
import { sourceName } from '../../base/symbol.ts';
import { readTreeConfig } from '../../kernel-source/resolve/tree-config.ts';
import { printableLines } from '../../base/printable.ts';
import { answerLines } from '../answer-lines.ts';
import { openCheckout } from '../checkout.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import type { SourceOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';
import { jsonAnswer, textAnswer } from '../output/source-format.ts';
import type { Status } from '../output/status.ts';

export type SourceEnvironment = Pick<Environment, 'stdin' | 'stdout' | 'stderr' | 'distDir' | 'interrupt'>;

/** The `source` command: prints where functions are defined and returns the exit code. */
export function sourceCommand(options: SourceOptions, environment: SourceEnvironment): Promise<ExitCode> {
  const { checkout, function: wanted, module: givenModule, json } = options;
  const { stdout } = environment;
  const shown = (symbol: string, module: string, answer: Resolution) =>
    json ? jsonAnswer(symbol, module, answer) : printableLines(textAnswer(symbol, answer));
  return reportingErrors(options, environment, async (status) => {
    const lookup = await openLookup(options, environment, status);
    if (wanted !== '-') {
      const answer = lookup(wanted, givenModule, undefined);
      if (answer.candidates.length === 0 && !json)
        throw new PacketTraceError(
          'usage',
          `${checkout} has no function ${sourceName(wanted)}.`,
          'Check the name, and that the checkout is of the same kernel version.',
        );
      stdout.write(shown(wanted, givenModule, answer));
      return ExitCode.Ok;
    }
    await answerLines(environment, (line) => {
      const [symbol = '', module = givenModule, address] = line.split('\t');
      return symbol === '' ? '' : shown(symbol, module, lookup(symbol, module, address));
    });
    return ExitCode.Ok;
  });
}

type Lookup = (symbol: string, module: string, address: string | undefined) => Resolution;

async function openLookup(
  { checkout: root, ...options }: SourceOptions,
  environment: SourceEnvironment,
  status: Status,
): Promise<Lookup> {
  const { index } = await openCheckout(root, environment, status);
  status.clear();
  if (index === undefined) throw new PacketTraceError('internal', `There is no index of ${root}.`);
  const config =
    options.config === ''
      ? await readTreeConfig(root, options.machine || undefined, () => index.base.kconfigs())
      : KernelConfig.parse(await readText(options.config));
  const kallsyms = options.kallsyms === '' ? undefined : await readText(options.kallsyms);
  const symbols = kallsyms === undefined ? undefined : new Kallsyms(kallsyms);
  const filesOf = (name: string) => index.pathsOf(sourceName(name));
  return (symbol, module, address) => {
    const name = sourceName(symbol);
    const at = address === undefined ? undefined : BigInt(`0x${address.replace(/^0x/, '')}`);
    const neighbours = symbols?.around(symbol, module, at) ?? [];
    return resolveFunction(index.definitions(name), { name, module, neighbours }, config, filesOf);
  };
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'latin1').catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new PacketTraceError('usage', `Cannot read ${file}: ${why}.`, 'See "packet-trace source --help".');
  });
}
