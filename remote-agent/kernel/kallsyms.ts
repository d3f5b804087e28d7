/** Addresses of functions, from /proc/kallsyms (lines like `ffffffff81000000 t name\t[module]`). */
import { AgentFailure } from '../../common/errors.ts';
import { readKernelFile } from './read-file.ts';
import { NameSet } from './name-set.ts';
import { kernelAddress, type KernelAddress } from '../../common/kernel-address.ts';

export interface FunctionSymbol {
  address: bigint;
  /** With the compiler's suffixes: `tcp_v4_rcv.isra.0`. */
  name: string;
  /** The name of the list that it was found by: without suffixes. */
  source: string;
  /** Empty for vmlinux. */
  module: string;
}

const NEWLINE = 0x0a;
const TAB = 0x09;
const DOT = 0x2e;
const ADDRESS_DIGITS = 16;
/** Where the name begins in a line: after `ffffffff81000000 t `, address and type. */
export const NAME_AT = ADDRESS_DIGITS + 3;

/**
 * Suffixes of whole functions, whose parameters are the source's or nearly so; `.cold` and `.part` are pieces.
 * `.llvm` comes from clang's link-time optimisation.
 */
const VARIANT = /^(\.(isra|constprop|llvm)\.\d+)+$/;

export const KALLSYMS = '/proc/kallsyms';

/** The kernel's symbols as text, some ten megabytes. */
export function readKallsyms(signal?: AbortSignal): Promise<Buffer> {
  return readKernelFile(KALLSYMS, signal);
}

/**
 * The functions with one of these names; a name can have several addresses (static functions).
 * @param kallsyms what readKallsyms gave
 * @throws AgentFailure `no-privilege` when the kernel hides addresses from us
 */
export function functionSymbols(kallsyms: Buffer, names: readonly string[]): FunctionSymbol[] {
  const symbols = scanSymbols(kallsyms, names);
  if (symbols.length > 0 && symbols.every((symbol) => symbol.address === 0n)) {
    throw new AgentFailure(
      'no-privilege',
      `The kernel hides its functions’ addresses: ${KALLSYMS} shows zeros.`,
      'Trace as root. If you are root, "sysctl kernel.kptr_restrict" must not be 2.',
    );
  }
  return symbols;
}

/** @param data the contents of /proc/kallsyms */
export function scanSymbols(data: Buffer, names: readonly string[]): FunctionSymbol[] {
  const wanted = new NameSet(names);
  const found: FunctionSymbol[] = [];
  let end = -1;
  for (let line = 0; line < data.length; line = end + 1) {
    const start = line + NAME_AT;
    let nameEnd = -1;
    let sourceEnd = -1;
    // By hand, and the ends of the name in the same pass: eachFunction and a second look cost a third more.
    for (end = start; end < data.length && data[end] !== NEWLINE; end++) {
      if (data[end] === TAB) nameEnd = end;
      else if (data[end] === DOT && sourceEnd < 0 && end > start) sourceEnd = end;
    }
    if (!isText(data[start - 2])) continue;
    if (nameEnd < 0) nameEnd = end;
    let index = wanted.find(data, start, nameEnd);
    if (index < 0 && sourceEnd > 0 && VARIANT.test(data.toString('latin1', sourceEnd, nameEnd)))
      index = wanted.find(data, start, sourceEnd);
    const source = names[index];
    if (source === undefined) continue;
    found.push({
      address: BigInt(`0x${data.toString('latin1', line, line + ADDRESS_DIGITS)}`),
      name: data.toString('latin1', start, nameEnd),
      source,
      module: nameEnd === end ? '' : data.toString('latin1', nameEnd + 2, end - 1),
    });
  }
  return found;
}

/**
 * The address of a variable of the kernel itself; undefined: it has none of this name, or hides its variables.
 * @param data the contents of /proc/kallsyms
 */
export function variableAddress(data: Buffer, name: string): bigint | undefined {
  for (const type of 'DdBbRr') {
    const at = data.indexOf(` ${type} ${name}\n`);
    if (at >= 0) return BigInt(`0x${data.toString('latin1', at - ADDRESS_DIGITS, at)}`) || undefined;
  }
  return undefined;
}

/**
 * The lines of functions alone, about half of all, in memory of their own.
 * @param data the contents of /proc/kallsyms
 */
export function textSymbols(data: Buffer): Buffer {
  const kept = Buffer.allocUnsafe(data.length);
  let used = 0;
  eachFunction(data, (line, end) => {
    used += data.copy(kept, used, line, end);
  });
  return Buffer.from(kept.subarray(0, used));
}

/**
 * Visits the lines of functions.
 * @param visit gets where a line begins, and where the one after it does
 */
export function eachFunction(data: Buffer, visit: (line: number, end: number) => void): void {
  let end: number;
  for (let line = 0; line + NAME_AT < data.length; line = end) {
    end = data.indexOf(NEWLINE, line) + 1 || data.length;
    if (isText(data[line + NAME_AT - 2])) visit(line, end);
  }
}

/** Whether some function has an address. @param data the contents of /proc/kallsyms, or their beginning */
export function showsAddresses(data: Buffer): boolean {
  let end: number;
  for (let line = 0; line + NAME_AT < data.length; line = end) {
    end = data.indexOf(NEWLINE, line) + 1 || data.length;
    if (isText(data[line + NAME_AT - 2]) && parseHex(data, line, line + ADDRESS_DIGITS) !== 0) return true;
  }
  return false;
}

/** The address of a line's symbol. @param line where it begins */
export function addressAt(data: Buffer, line: number): KernelAddress {
  // Of the upper half the last four digits count.
  return kernelAddress(parseHex(data, line + 8, line + 16), parseHex(data, line + 4, line + 8));
}

/** By hand, for speed; kallsyms writes digits in lower case. */
function parseHex(data: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = data[at] ?? 0;
    value = value * 16 + (digit > 0x39 ? digit - 0x57 : digit - 0x30);
  }
  return value;
}

/** The symbol of a line. @param line where it begins */
export function nameAt(data: Buffer, line: number): { name: string; module: string } {
  const end = data.indexOf(NEWLINE, line);
  const [name = '', module = ''] = data
    .toString('latin1', line + NAME_AT, end < 0 ? data.length : end)
    .split('\t');
  return { name, module: module.slice(1, -1) };
}

/** Whether a symbol's type says that it is code. */
function isText(type: number | undefined): boolean {
  // t T w W
  return type === 0x74 || type === 0x54 || type === 0x77 || type === 0x57;
}
