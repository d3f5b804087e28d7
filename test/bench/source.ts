/**
 * How well kernel functions are found in a checkout. `KPT_SOURCE_TREE`: the checkout (by default Debian's newest
 * 6.1, downloaded). `KPT_SOURCE_TRUTH`: a table of functions with their places, tab-separated, whose first row
 * names the columns `name`, `module`, `file`, `line` and, if known, `kind`, `symbol` and `addr`; without it the
 * exported functions of networking are what is looked for. `KPT_SOURCE_CONFIG`: the kernel's configuration.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../build/bundle.ts';
import { kernelSource, wholeKernelSource } from '../../build/packages/kernel-source.ts';
import { distDir } from '../../build/paths.ts';
import { run as runProgram } from '../../build/run.ts';
import { KernelSource } from '../../extension/kernel-source/kernel-source.ts';
import { KernelConfig } from '../../extension/kernel-source/resolve/kernel-config.ts';
import { Kallsyms } from '../../extension/kernel-source/resolve/kallsyms.ts';
import { resolveFunction } from '../../extension/kernel-source/resolve/resolve.ts';
import { parseMakefileVersion } from '../../extension/kernel-source/checkout/skew.ts';
import { readTreeConfig } from '../../extension/kernel-source/resolve/tree-config.ts';
import { exportedFunctions, type KnownFunction } from '../support/source/exported-functions.ts';
import type { Measure } from './bench.ts';

const TOLERANCE_LINES = 3;
const CLICKS = 500;
/** First clicks are timed one process each, with names from all over networking. */
const FIRST_CLICKS = ['tcp_v4_rcv', 'ip_rcv', 'br_handle_frame', 'vxlan_xmit', 'bpf_prog_run_xdp'];

export async function run(log: (line: string) => void): Promise<Measure[]> {
  const root = process.env.KPT_SOURCE_TREE ?? (await wholeKernelSource(log));
  const functions = truth(root);
  await bundle();
  const cacheDir = await mkdtemp(join(tmpdir(), 'kpt-bench-'));
  try {
    log(`first clicks in ${root}`);
    const firstClick = await slowestFirstClick(root, cacheDir);
    log('indexing');
    const costs = await indexCosts(root, cacheDir);
    const source = await openSource(root, cacheDir);
    log(`looking for ${functions.length} functions`);
    return [
      ...(await accuracy(source, functions, log)),
      ...(await otherRelease(root, functions, cacheDir, log)),
      {
        name: 'click, index warm, p95',
        goal: '50 ms',
        measured: `${(await clicks(source, functions)).toFixed(1)} ms`,
      },
      {
        name: 'first click with no index, slowest',
        goal: '1 s',
        measured: `${(firstClick / 1000).toFixed(2)} s`,
      },
      ...costs,
    ];
  } finally {
    await rm(cacheDir, { recursive: true });
  }
}

/** The functions to look for, and where they are. */
function truth(root: string): KnownFunction[] {
  const file = process.env.KPT_SOURCE_TRUTH;
  if (file === undefined) return exportedFunctions(root, 'net');
  const [head = '', ...rows] = readFileSync(file, 'utf8').trim().split('\n');
  const columns = head.split('\t');
  return rows.flatMap((row) => {
    const cells = row.split('\t');
    const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
    if (cell('kind') === 'icf') return [];
    const [name, module, path] = [cell('name'), cell('module'), cell('file')];
    return [{ name, module, path, line: Number(cell('line')), address: cell('addr') }];
  });
}

async function openSource(root: string, cacheDir: string): Promise<KernelSource> {
  const source = new KernelSource(root, { distDir, cacheDir });
  await source.prepare();
  return source;
}

interface Score {
  exact: number;
  rightFile: number;
  opened: number;
  wrong: number;
}

function score(
  source: KernelSource,
  functions: readonly KnownFunction[],
  config: KernelConfig,
  symbols?: Kallsyms,
): Score {
  const result = { exact: 0, rightFile: 0, opened: 0, wrong: 0 };
  const { index } = source;
  if (index === undefined) throw new Error(`no index of ${source.root}`);
  const filesOf = (name: string) => index.pathsOf(name);
  for (const { name, module, path, line, address } of functions) {
    const at = address ? BigInt(`0x${address}`) : undefined;
    const neighbours = symbols?.around(name, module, at) ?? [];
    const reference = { name, module, neighbours };
    const { candidates, certain } = resolveFunction(index.definitions(name), reference, config, filesOf);
    const first = candidates[0]?.definition;
    const isRightFile = first?.path === path;
    const isExact = isRightFile && Math.abs(first.line + 1 - line) <= TOLERANCE_LINES;
    if (isRightFile) result.rightFile++;
    if (isExact) result.exact++;
    if (certain) result.opened++;
    if (certain && !isExact) result.wrong++;
  }
  return result;
}

async function accuracy(
  source: KernelSource,
  functions: readonly KnownFunction[],
  log: (line: string) => void,
): Promise<Measure[]> {
  const percent = (count: number) => `${((100 * count) / functions.length).toFixed(2)} %`;
  const measures = (label: string, { exact, opened, wrong }: Score, goal: string): Measure[] => [
    { name: `first answer exact, ${label}`, goal: '99.7 %', measured: percent(exact) },
    { name: `opened without asking, ${label}`, goal, measured: percent(opened) },
    { name: `opened wrongly, ${label}`, goal: '0.1 %', measured: percent(wrong) },
  ];
  const unknown = await treeConfig(source);
  const result = measures('name and module', score(source, functions, unknown), '99.5 %');
  if (functions.some(({ address }) => address)) {
    const lines = functions.map(({ name, module, address }) =>
      [address, 't', name, ...(module === 'vmlinux' ? [] : [`[${module}]`])].join(' '),
    );
    log('the functions of the table stand in for kallsyms');
    const symbols = new Kallsyms(lines.join('\n'));
    result.push(...measures('neighbours', score(source, functions, unknown, symbols), '99.9 %'));
  }
  const config = process.env.KPT_SOURCE_CONFIG;
  if (config !== undefined) {
    const known = KernelConfig.parse(readFileSync(config, 'latin1'));
    result.push(...measures('configuration', score(source, functions, known), '99.5 %'));
  }
  return result;
}

/** What the checkout tells of its kernel's options. */
function treeConfig({ root, index }: KernelSource): Promise<KernelConfig> {
  return readTreeConfig(root, 'x86_64', index && (() => index.base.kconfigs()));
}

/** The same functions in the 6.1 of another point release, where lines differ but files should not. */
async function otherRelease(
  root: string,
  functions: readonly KnownFunction[],
  cacheDir: string,
  log: (line: string) => void,
): Promise<Measure[]> {
  const other = await kernelSource('6.1', log);
  const source = await openSource(other, cacheDir);
  const near = functions.filter(({ path }) => existsSync(join(other, path)));
  const { rightFile } = score(source, near, await treeConfig(source));
  const version = (dir: string) =>
    parseMakefileVersion(readFileSync(join(dir, 'Makefile'), 'latin1'))?.version;
  const name = `right file of ${version(root)} in ${version(other)}`;
  return [{ name, goal: '99 %', measured: `${((100 * rightFile) / near.length).toFixed(2)} %` }];
}

/** 95th percentile of the time from a name to a line of a file, milliseconds. */
async function clicks(source: KernelSource, functions: readonly KnownFunction[]): Promise<number> {
  const times: number[] = [];
  const step = Math.max(1, Math.floor(functions.length / CLICKS));
  for (let at = 0; at < functions.length; at += step) {
    const { name = '', module = '' } = functions[at] ?? {};
    const started = performance.now();
    await source.find({ name, module });
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
}

/** Milliseconds; the tree's files are in the machine's cache after the first. */
async function slowestFirstClick(root: string, cacheDir: string): Promise<number> {
  let slowest = 0;
  for (const name of FIRST_CLICKS) {
    const source = new KernelSource(root, { distDir, cacheDir });
    const started = performance.now();
    await source.find({ name, module: 'vmlinux' });
    slowest = Math.max(slowest, performance.now() - started);
  }
  return slowest;
}

/** What `packet-trace source index` tells, from a process of its own. */
async function indexCosts(root: string, cacheDir: string): Promise<Measure[]> {
  const program = join(distDir, 'packet-trace.cjs');
  const env = { ...process.env, XDG_CACHE_HOME: cacheDir };
  const text = await runProgram(process.execPath, [program, 'source', 'index', root, '--json'], { env });
  const figures = JSON.parse(text) as Record<
    'networkingMs' | 'milliseconds' | 'cpuMs' | 'peakBytes' | 'indexBytes' | 'cacheBytes',
    number
  >;
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    { name: 'networking indexed', goal: '5 s', measured: seconds(figures.networkingMs) },
    {
      name: 'whole tree indexed',
      goal: '30 s',
      measured: `${seconds(figures.milliseconds)} (${seconds(figures.cpuMs)} of CPU)`,
    },
    { name: 'memory while indexing', goal: '400 MB', measured: megabytes(figures.peakBytes) },
    { name: 'index in memory', goal: '50 MB', measured: megabytes(figures.indexBytes) },
    { name: 'cache file', goal: '30 MB', measured: megabytes(figures.cacheBytes) },
  ];
}
