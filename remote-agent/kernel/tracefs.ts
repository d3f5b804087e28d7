/** Where tracefs is, and its lists of what can be traced. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFailure } from '../../common/errors.ts';
import { readKernelFile } from './read-file.ts';
import { NameSet } from './name-set.ts';

/** A function that ftrace can trace: one it has compiled-in call sites for, and that is not marked `notrace`. */
export interface TraceableFunction {
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Where in the function ftrace's call is; undefined before Linux 6.5, which does not tell. */
  location: bigint | undefined;
}

export interface AddressRange {
  start: bigint;
  /** Exclusive. */
  end: bigint;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * The directory of tracefs. A mount is never made by us: root has /sys/kernel/tracing since Linux 4.1, and
 * looking into debugfs' `tracing` mounts it there.
 * @param mounts the contents of /proc/self/mounts
 * @returns undefined when neither tracefs nor debugfs is mounted
 */
export function findTracefs(
  mounts = readFileSync('/proc/self/mounts', 'utf8'),
  exists: (path: string) => boolean = existsSync,
): string | undefined {
  const entries = mounts.split('\n').map((line) => line.split(' '));
  const mountsOf = (type: string) =>
    entries.filter((fields) => fields[2] === type).map((fields) => unescapeMount(fields[1] ?? ''));
  const candidates = [...mountsOf('tracefs'), ...mountsOf('debugfs').map((path) => join(path, 'tracing'))];
  candidates.sort((a, b) => Number(b === '/sys/kernel/tracing') - Number(a === '/sys/kernel/tracing'));
  return candidates.find((path) => exists(join(path, 'trace')));
}

/** White space and backslashes of a path are octal there (mangle_path of fs/seq_file.c). */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** What is said where there is none. */
export const NO_TRACEFS = {
  detail: 'not mounted, or not visible to this user',
  remedy: 'As root: mount -t tracefs tracefs /sys/kernel/tracing',
};

/** @throws AgentFailure `no-privilege` with the command that mounts it */
export function tracefsRoot(): string {
  const root = findTracefs();
  if (root !== undefined) return root;
  const { detail, remedy } = NO_TRACEFS;
  throw new AgentFailure('no-privilege', `The kernel’s tracing file system (tracefs) is ${detail}.`, remedy);
}

/**
 * The functions with one of these names that ftrace can trace; null when the kernel has no such list (it is
 * built without ftrace), so that nothing is known.
 */
export async function readTraceable(
  root: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<TraceableFunction[] | null> {
  const withAddresses = join(root, 'available_filter_functions_addrs'); // Linux 6.5
  if (existsSync(withAddresses))
    return scanTraceable(await readKernelFile(withAddresses, signal), names, true);
  const plain = join(root, 'available_filter_functions');
  if (!existsSync(plain)) return null;
  return scanTraceable(await readKernelFile(plain, signal), names, false);
}

/**
 * @param data lines like `name [module]`, after an address and a space where `addresses` says so
 * @param names whole names, suffixes included
 */
export function scanTraceable(
  data: Buffer,
  names: readonly string[],
  addresses: boolean,
): TraceableFunction[] {
  const wanted = new NameSet(names);
  const found: TraceableFunction[] = [];
  let end = -1;
  for (let line = 0; line < data.length; line = end + 1) {
    let start = line;
    if (addresses) {
      while (start < data.length && data[start] !== SPACE) start++;
      start++;
    }
    let nameEnd = -1;
    for (end = start; end < data.length && data[end] !== NEWLINE; end++)
      if (data[end] === SPACE && nameEnd < 0) nameEnd = end;
    if (nameEnd < 0) nameEnd = end;
    const name = names[wanted.find(data, start, nameEnd)];
    if (name === undefined) continue;
    // After the module there may be more, such as the flags of a function that is being traced.
    const module = /^ \[([^\]]+)\]/.exec(data.toString('latin1', nameEnd, end))?.[1] ?? '';
    const location = addresses ? BigInt(`0x${data.toString('latin1', line, start - 1)}`) : undefined;
    found.push({ name, module, location });
  }
  return found;
}

/** Where kprobes are forbidden (NOKPROBE_SYMBOL, entry code); nothing when debugfs is not there to tell. */
export function readKprobeBlacklist(path = '/sys/kernel/debug/kprobes/blacklist'): AddressRange[] {
  if (!existsSync(path)) return [];
  return parseBlacklist(readFileSync(path, 'latin1'));
}

/** @param text lines like `0xffffffff81000000-0xffffffff81000040\tname` */
export function parseBlacklist(text: string): AddressRange[] {
  return [...text.matchAll(/^(0x[0-9a-f]+)-(0x[0-9a-f]+)/gm)].map((match) => ({
    start: BigInt(match[1] ?? 0),
    end: BigInt(match[2] ?? 0),
  }));
}
