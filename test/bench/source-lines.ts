/** Accuracy and speed of source lines from DWARF, against elfutils on a kernel of Debian with its modules. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type DebianArch, ensureInstalled, type Suite } from '../../build/packages/debian.ts';
import { DEBUG_MODULES, kernelDebug } from '../../build/packages/kernel-debug.ts';
import { run } from '../../build/run.ts';
import { formatKernelAddress } from '../../common/kernel-address.ts';
import { DebugFile } from '../../extension/kernel-source/symbolizer/elf/debug-file.ts';
import { DwarfReader } from '../../extension/kernel-source/symbolizer/dwarf/dwarf-reader.ts';
import { ElfFile } from '../../extension/kernel-source/symbolizer/elf/elf-file.ts';
import type { RawFrame } from '../../extension/kernel-source/symbolizer/resolver.ts';
import { ToolAnswers, TOOLS } from '../../extension/kernel-source/symbolizer/tools/answers.ts';
import type { Measure } from './bench.ts';

const KERNEL_ADDRESSES = 1400;
const MODULE_ADDRESSES = 600;

export interface LinesFigures {
  addresses: number;
  /** Where file and line of the innermost function are equal. */
  equalLines: number;
  /** Where the whole inline chain is: functions, files and lines. */
  equalChains: number;
  /** Milliseconds for vmlinux: opening it and its first address; other addresses, most in other files. */
  first: number;
  median: number;
  p95: number;
  /** The same addresses once more, at once. */
  again: number;
  /** Bytes that the process grew by over vmlinux. */
  memory: number;
  /** Some of the differences, in words. */
  differences: string[];
}

/** Measures; the debug package (280 MB) is downloaded the first time. */
export async function measureLines(
  log: (line: string) => void,
  suite: Suite = 'bookworm',
  arch: DebianArch = 'amd64',
): Promise<LinesFigures> {
  await ensureInstalled(['elfutils', 'binutils']);
  const { release, root } = await kernelDebug(suite, arch, DEBUG_MODULES, log);
  const folder = join(root, 'lib/modules', release);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const modules = files.filter((path) => path.endsWith('.ko')).map((path) => join(folder, path));
  const figures = { addresses: 0, equalLines: 0, equalChains: 0, differences: [] };
  const kernel = await measureFile(join(root, 'boot', `vmlinux-${release}`), KERNEL_ADDRESSES, figures);
  for (const path of modules) await measureFile(path, Math.ceil(MODULE_ADDRESSES / modules.length), figures);
  return { ...figures, ...kernel };
}

type Counts = Pick<LinesFigures, 'addresses' | 'equalLines' | 'equalChains' | 'differences'>;
type Speed = Omit<LinesFigures, keyof Counts>;

async function measureFile(path: string, count: number, counts: Counts): Promise<Speed> {
  const places = await samplePlaces(path, count);
  const expected = await elfutilsFrames(
    path,
    places.map(({ address }) => address),
  );
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const file = await DebugFile.open(path);
  const reader = new DwarfReader(file);
  const [times, again]: [number[], number[]] = [[], []];
  let first: number | undefined;
  for (const { address, name } of places) {
    const from = performance.now();
    file.symbols.functions(name); // a part of each question
    const frames = reader.resolve(address);
    const to = performance.now();
    if (first === undefined) first = to - started;
    else times.push(to - from);
    file.symbols.functions(name);
    reader.resolve(address);
    again.push(performance.now() - to);
    const last = frames.at(-1);
    if (last !== undefined) last.function ??= name; // as Symbolizer does
    compare(counts, `${basename(path)} ${formatKernelAddress(address)}`, frames, expected.get(address) ?? []);
  }
  const memory = process.memoryUsage().rss - before;
  file.close();
  return {
    first: first ?? 0,
    median: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    again: quantile(again, 0.5),
    memory,
  };
}

function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length * share)] ?? 0;
}

/** Measures and gives the rows for the table of source links. */
export async function lineMeasures(log: (line: string) => void): Promise<Measure[]> {
  const figures = await measureLines(log);
  const percent = (count: number) =>
    `${((100 * count) / figures.addresses).toFixed(2)} % of ${figures.addresses} addresses`;
  const ms = (time: number) => `${time.toFixed(1)} ms`;
  const { first, median, p95, again } = figures;
  return [
    { name: 'DWARF lines equal to eu-addr2line', goal: '99.5 %', measured: percent(figures.equalLines) },
    { name: 'whole inline chains equal', goal: '', measured: percent(figures.equalChains) },
    {
      name: 'lines of vmlinux: first; another place median, p95; again',
      goal: '',
      measured: `${ms(first)}; ${ms(median)}, ${ms(p95)}; ${ms(again)}`,
    },
    { name: 'memory for lines', goal: '', measured: `${Math.round(figures.memory / 2 ** 20)} MB` },
  ];
}

interface Place {
  name: string;
  address: number;
}

/** Places spread over all functions of a file, always the same ones. */
async function samplePlaces(path: string, count: number): Promise<Place[]> {
  const { relocatable, sections } = await sectionsOf(path);
  const table = await run('readelf', ['-sW', path]);
  const symbol = /^\s*\d+: ([\da-f]{16})\s+(\d+|0x[\da-f]+) FUNC\s+\S+\s+\S+\s+(\d+) (\S+)$/gm;
  const functions = [...table.matchAll(symbol)]
    .map(([, value = '', size = '', section = '', name = '']) => {
      const base = relocatable ? (sections[Number(section)]?.address ?? 0) : 0;
      return { name, address: base + parseInt(value.slice(4), 16), size: Number(size) };
    })
    // Symbols of the padding before functions have no lines of their own.
    .filter(({ name, size }) => size > 0 && !name.startsWith('__pfx_'));
  const step = functions.length / count;
  const places = new Map<number, Place>();
  for (let index = 0; index < count; index++) {
    const fn = functions[Math.floor(index * step)];
    if (fn === undefined) continue;
    const address = fn.address + ((index * 2654435761) % fn.size);
    places.set(address, { name: fn.name, address });
  }
  return [...places.values()];
}

async function sectionsOf(path: string): Promise<Pick<ElfFile, 'relocatable' | 'sections'>> {
  const file = await ElfFile.open(path);
  file.close();
  return file;
}

async function elfutilsFrames(path: string, addresses: readonly number[]): Promise<Map<number, RawFrame[]>> {
  const input = addresses.map((address) => `${formatKernelAddress(address)}\n`).join('');
  const output = await run('eu-addr2line', [...TOOLS['eu-addr2line'], path], { input });
  const frames = new Map<number, RawFrame[]>();
  const order = addresses.values();
  const answers = new ToolAnswers((answer) => {
    const address = order.next().value;
    if (address !== undefined) frames.set(address, answer);
  });
  answers.add(`${output}0x0\n`);
  return frames;
}

function compare(figures: Counts, where: string, ours: RawFrame[], theirs: RawFrame[]): void {
  const line = (frames: RawFrame[]) => (frames[0] === undefined ? '' : `${frames[0].file}:${frames[0].line}`);
  const chain = (frames: RawFrame[]) =>
    frames.map(({ function: name, file, line }) => `${name} ${file}:${line}`).join(' < ');
  figures.addresses++;
  if (line(ours) === line(theirs)) figures.equalLines++;
  if (chain(ours) === chain(theirs)) figures.equalChains++;
  else if (figures.differences.length < 20)
    figures.differences.push(`${where}\n  ours   ${chain(ours)}\n  theirs ${chain(theirs)}`);
}
