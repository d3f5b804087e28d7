/** Addresses of functions, from /proc/kallsyms (lines like `ffffffff81000000 t name\t[module]`). */
import { AgentFailure } from './errors.ts';
import { readKernelFile } from './kernel-file.ts';
import { NameSet } from './name-set.ts';
import type { KernelAddress, KernelLocation } from './protocol.ts';

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
/** `ffffffff81000000 t `: address, type. */
const NAME_AT = ADDRESS_DIGITS + 3;

/**
 * Suffixes of whole functions, whose parameters are the source's or nearly so; `.cold` and `.part` are pieces.
 * `.llvm` comes from clang's link-time optimisation.
 */
const VARIANT = /^(\.(isra|constprop|llvm)\.\d+)+$/;

const PATH = '/proc/kallsyms';

/** The kernel's symbols as text, some ten megabytes. */
export function readKallsyms(signal?: AbortSignal): Promise<Buffer> {
  return readKernelFile(PATH, signal);
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
      `The kernel hides its functions’ addresses: ${PATH} shows zeros.`,
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
    // By hand: a call of indexOf costs more than a line is long.
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
 * The function that each address lies in: the one that begins last at or before it. Addresses before every
 * function are left out.
 * @param data the contents of /proc/kallsyms, in no order
 */
export function symbolsAround(data: Buffer, addresses: readonly KernelAddress[]): KernelLocation[] {
  const best = addresses.map((address) => ({ address, start: -1, line: -1 }));
  for (
    let line = 0;
    line >= 0 && line + NAME_AT < data.length;
    line = data.indexOf(NEWLINE, line) + 1 || -1
  ) {
    if (!isText(data[line + NAME_AT - 2])) continue;
    const start = parseAddress(data, line);
    for (const entry of best) {
      if (start > entry.start && start <= entry.address) {
        entry.start = start;
        entry.line = line;
      }
    }
  }
  const found = best.filter(({ line }) => line >= 0);
  return found.map(({ address, start, line }) => ({ address, start, ...nameAt(data, line) }));
}

/** The low 48 bits of a line's address. */
function parseAddress(data: Buffer, line: number): KernelAddress {
  let value = 0;
  for (let at = line + ADDRESS_DIGITS - 12; at < line + ADDRESS_DIGITS; at++) {
    const digit = data[at] ?? 0;
    value = value * 16 + (digit > 0x39 ? digit - 0x57 : digit - 0x30);
  }
  return value;
}

function nameAt(data: Buffer, line: number): { name: string; module: string } {
  const end = data.indexOf(NEWLINE, line);
  const [name = '', module = ''] = data
    .toString('latin1', line + NAME_AT, end < 0 ? data.length : end)
    .split('\t');
  return { name, module: module.slice(1, -1) };
}

function isText(type: number | undefined): boolean {
  // t T w W
  return type === 0x74 || type === 0x54 || type === 0x77 || type === 0x57;
}
