/** Addresses of functions, from /proc/kallsyms (lines like `ffffffff81000000 t name\t[module]`). */
import { AgentFailure } from './errors.ts';
import { readKernelFile } from './kernel-file.ts';
import { NameSet } from './name-set.ts';

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

/**
 * The functions with one of these names; a name can have several addresses (static functions).
 * @throws AgentFailure `no-privilege` when the kernel hides addresses from us
 */
export async function readFunctionSymbols(
  names: readonly string[],
  signal?: AbortSignal,
  path = '/proc/kallsyms',
): Promise<FunctionSymbol[]> {
  const symbols = scanSymbols(await readKernelFile(path, signal), names);
  if (symbols.length > 0 && symbols.every((symbol) => symbol.address === 0n)) {
    throw new AgentFailure(
      'no-privilege',
      `The kernel hides its functions’ addresses: ${path} shows zeros.`,
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

function isText(type: number | undefined): boolean {
  // t T w W
  return type === 0x74 || type === 0x54 || type === 0x77 || type === 0x57;
}
