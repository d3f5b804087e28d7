import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { asPacketTraceError, PacketTraceError } from '../errors.ts';
import { cachePath, loadIndex } from '../kernel-source/index/cache-file.ts';
import type { TreeChanges } from '../kernel-source/index/changes.ts';
import { columnBytes } from '../kernel-source/index/columns.ts';
import { runIndexThread } from '../kernel-source/index/index-thread.ts';
import { LiveIndex } from '../kernel-source/index/live-index.ts';
import { SourceIndex } from '../kernel-source/index/source-index.ts';
import type { WorkerMessage } from '../kernel-source/index/worker.ts';
import { defconfigPath, KernelConfig } from '../kernel-source/resolve/kernel-config.ts';
import { KernelSymbols } from '../kernel-source/resolve/neighbours.ts';
import { type Resolution, resolveFunction } from '../kernel-source/resolve/resolve.ts';
import { sourceName } from '../kernel-source/symbol.ts';
import { checkTree, indexFolder } from './checkout.ts';
import type { Environment } from './environment.ts';
import { ExitCode } from './exit-codes.ts';
import { jsonLine } from './json-format.ts';
import { reportError } from './report-error.ts';
import { type IndexFigures, figuresText, jsonAnswer, textAnswer } from './source-format.ts';

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

/** `distDir`: where kernel-source-worker.cjs is. */
type Streams = Pick<Environment, 'stdin' | 'stdout' | 'stderr' | 'distDir'>;

/** The `source` command. @param args after the command's name */
export async function sourceCommand(args: readonly string[], streams: Streams): Promise<ExitCode> {
  const json = args.includes('--json');
  try {
    const { values, positionals } = parse(args);
    if (values.help === true) {
      streams.stdout.write(HELP);
      return ExitCode.Ok;
    }
    const [first, second] = positionals;
    if (first === 'index' && second !== undefined) return await indexCommand(second, json, streams);
    if (first === undefined || positionals.length > 1)
      throw usage('"packet-trace source" takes one function, or "-" to read names from standard input.');
    if (values.checkout === undefined) throw usage('"packet-trace source" needs --checkout DIR.');
    const lookup = await openCheckout(values.checkout, values, streams);
    const print = (text: string) => streams.stdout.write(text);
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
    for await (const line of createInterface({ input: streams.stdin })) {
      const [name = '', module = values.module ?? '', address] = line.split('\t');
      if (name === '') continue;
      const answer = lookup(name, module, address);
      print(json ? jsonAnswer(name, module, answer) : textAnswer(name, answer));
    }
    return ExitCode.Ok;
  } catch (error) {
    return reportError(asPacketTraceError(error), { json }, streams);
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

/** Where the index of a checkout is kept for the terminal. */
function indexFile(root: string): string {
  return cachePath(indexFolder(), root);
}

type Lookup = (symbol: string, module: string, address: string | undefined) => Resolution;

async function openCheckout(
  root: string,
  options: { config?: string; kallsyms?: string; machine?: string },
  streams: Streams,
): Promise<Lookup> {
  await checkTree(root);
  const index = await upToDateIndex(root, streams);
  const config = await readConfig(root, options);
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

async function upToDateIndex(root: string, { stderr, distDir }: Streams): Promise<LiveIndex> {
  const cacheFile = indexFile(root);
  let index: LiveIndex | undefined;
  let changes: TreeChanges | undefined;
  const { signal } = new AbortController();
  const progress = progressLine(stderr);
  await runIndexThread(
    distDir,
    { root, cacheFile },
    (message) => {
      if (message.type === 'progress') progress(message.progress);
      else if (message.type === 'changes') changes = message.changes;
      else index = new LiveIndex(new SourceIndex(message.columns));
    },
    signal,
  );
  if (index !== undefined) return index;
  const columns = await loadIndex(cacheFile, root);
  if (columns === undefined)
    throw new PacketTraceError('internal', `The index in ${cacheFile} cannot be read.`);
  return new LiveIndex(new SourceIndex(columns), changes);
}

/** A line on a terminal that is written over; nothing elsewhere. */
function progressLine(stderr: Streams['stderr']): (progress: { done: number; total: number }) => void {
  if ((stderr as Partial<NodeJS.WriteStream>).isTTY !== true) return () => undefined;
  return ({ done, total }) => stderr.write(`\rindexing the checkout: ${done} of ${total} files\x1b[K`);
}

async function readConfig(
  root: string,
  { config, machine }: { config?: string; machine?: string },
): Promise<KernelConfig> {
  if (config !== undefined) return KernelConfig.parse(await readText(config));
  const defconfig = await readFile(join(root, defconfigPath(machine ?? 'x86_64')), 'latin1').catch(() => '');
  return KernelConfig.unknown(machine, defconfig);
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'latin1').catch((error: unknown) => {
    throw usage(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}.`);
  });
}

async function indexCommand(root: string, json: boolean, streams: Streams): Promise<ExitCode> {
  await checkTree(root);
  const { stdout, stderr, distDir } = streams;
  const task = { root, cacheFile: indexFile(root), anew: true };
  let made: Extract<WorkerMessage, { type: 'index' }> | undefined;
  const progress = progressLine(stderr);
  await runIndexThread(
    distDir,
    task,
    (message) => {
      if (message.type === 'progress') progress(message.progress);
      else if (message.type === 'index') made = message;
    },
    new AbortController().signal,
  );
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
