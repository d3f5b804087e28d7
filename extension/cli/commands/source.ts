import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { asPacketTraceError, PacketTraceError, throwIfCancelled } from '../../base/errors.ts';
import { cachePath } from '../../kernel-source/index/cache-file.ts';
import { columnBytes } from '../../kernel-source/index/columns.ts';
import { runIndexThread } from '../../kernel-source/index/index-thread.ts';
import { SourceIndex } from '../../kernel-source/index/source-index.ts';
import type { WorkerMessage } from '../../kernel-source/index/worker.ts';
import { KernelConfig } from '../../kernel-source/resolve/kernel-config.ts';
import { KernelSymbols } from '../../kernel-source/resolve/neighbours.ts';
import { type Resolution, resolveFunction } from '../../kernel-source/resolve/resolve.ts';
import { sourceName } from '../../base/symbol.ts';
import { readTreeConfig } from '../../kernel-source/resolve/tree-config.ts';
import { checkTree, indexFolder, openCheckout, sayProgress } from '../checkout.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { jsonLine } from '../output/json-format.ts';
import { reportError } from '../report-error.ts';
import { type IndexFigures, figuresText, jsonAnswer, textAnswer } from '../output/source-format.ts';
import { Status } from '../output/status.ts';

const HELP = `Where in a kernel checkout a function is defined.

Usage:
  packet-trace source --checkout DIR [options] NAME
  packet-trace source --checkout DIR [options] -
  packet-trace source index DIR

With "-" names are read from standard input, one a line, each with its module
(and its address in hexadecimal) after tabs if known. A definition that would be
opened without asking is marked with "*". index makes the index anew and
prints what that took.

Options:
      --checkout DIR    the kernel source tree
      --module NAME     module that the function is in; vmlinux if built in
      --config FILE     configuration of the kernel (/boot/config-…)
      --kallsyms FILE   copy of the target's /proc/kallsyms
      --machine NAME    as "uname -m" tells on the target; by default x86_64
      --json            print one JSON object a line
  -h, --help            print this help
`;

const OPTIONS = {
  checkout: { type: 'string' },
  module: { type: 'string' },
  config: { type: 'string' },
  kallsyms: { type: 'string' },
  machine: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type SourceEnvironment = Pick<Environment, 'stdin' | 'stdout' | 'stderr' | 'distDir' | 'interrupt'>;

/** The `source` command. @param args after the command's name */
export async function sourceCommand(
  args: readonly string[],
  environment: SourceEnvironment,
): Promise<ExitCode> {
  const { stdin, stdout, stderr, interrupt } = environment;
  const status = new Status(stderr, false);
  const json = args.includes('--json');
  try {
    const { values, positionals } = parse(args);
    if (values.help === true) {
      stdout.write(HELP);
      return ExitCode.Ok;
    }
    const [first, second] = positionals;
    if (first === 'index' && second !== undefined)
      return await indexCommand(second, json, environment, status);
    if (first === undefined || positionals.length > 1)
      throw usage('"packet-trace source" takes one function, or "-" to read names from standard input.');
    if (values.checkout === undefined) throw usage('"packet-trace source" needs --checkout DIR.');
    const lookup = await openLookup(values.checkout, values, environment, status);
    const print = (text: string) => stdout.write(text);
    if (first !== '-') {
      const answer = lookup(first, values.module ?? '', undefined);
      if (answer.candidates.length === 0 && !json)
        throw new PacketTraceError(
          'usage',
          `${values.checkout} has no function ${sourceName(first)}.`,
          'Check the name, and that the checkout is of the same kernel version.',
        );
      print(json ? jsonAnswer(first, values.module ?? '', answer) : textAnswer(first, answer));
      return ExitCode.Ok;
    }
    for await (const line of createInterface({ input: stdin, signal: interrupt })) {
      const [name = '', module = values.module ?? '', address] = line.split('\t');
      if (name === '') continue;
      const answer = lookup(name, module, address);
      print(json ? jsonAnswer(name, module, answer) : textAnswer(name, answer));
    }
    throwIfCancelled(interrupt);
    return ExitCode.Ok;
  } catch (error) {
    return reportError(asPacketTraceError(error), { json }, environment, status);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw usage(error instanceof Error ? `${error.message.split('. ')[0] ?? ''}.` : String(error));
  }
}

function usage(message: string): PacketTraceError {
  return new PacketTraceError('usage', message, 'See "packet-trace source --help".');
}

type Lookup = (symbol: string, module: string, address: string | undefined) => Resolution;

async function openLookup(
  root: string,
  options: { config?: string; kallsyms?: string; machine?: string },
  environment: SourceEnvironment,
  status: Status,
): Promise<Lookup> {
  const { index } = await openCheckout(root, environment, status);
  status.clear();
  if (index === undefined) throw new PacketTraceError('internal', `There is no index of ${root}.`);
  const config =
    options.config === undefined
      ? await readTreeConfig(root, options.machine, () => index.base.kconfigs())
      : KernelConfig.parse(await readText(options.config));
  const kallsyms = options.kallsyms === undefined ? undefined : await readText(options.kallsyms);
  const symbols = kallsyms === undefined ? undefined : new KernelSymbols(kallsyms);
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
    throw usage(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}.`);
  });
}

async function indexCommand(
  root: string,
  json: boolean,
  { stdout, distDir, interrupt }: SourceEnvironment,
  status: Status,
): Promise<ExitCode> {
  await checkTree(root);
  const task = { root, cacheFile: cachePath(indexFolder(), root), anew: true };
  let made: Extract<WorkerMessage, { type: 'index' }> | undefined;
  await runIndexThread(
    distDir,
    task,
    (message) => {
      if (message.type === 'progress') sayProgress(status, message.progress.done / message.progress.total);
      else if (message.type === 'index') made = message;
    },
    interrupt,
  );
  status.clear();
  if (made === undefined) throw new PacketTraceError('internal', `No index of ${root} was made.`);
  const index = new SourceIndex(made.columns);
  const figures: IndexFigures = {
    type: 'sourceIndex',
    files: index.fileCount,
    functions: index.functionCount,
    networkingMs: Math.round(made.figures.networkingMs),
    milliseconds: Math.round(made.figures.milliseconds),
    cpuMs: Math.round(made.figures.cpuMs),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    indexBytes: columnBytes(made.columns),
    cacheBytes: made.figures.cacheBytes,
  };
  stdout.write(json ? jsonLine(figures) : figuresText(figures, task.cacheFile));
  return ExitCode.Ok;
}
