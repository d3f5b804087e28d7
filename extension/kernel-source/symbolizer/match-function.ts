import type { FunctionSymbol, SymbolTable } from './elf/elf-symbols.ts';
import { LinesError } from './errors.ts';

/** A place in the target's code as traces have it: `func+0xOFF`. */
export interface CodePlace {
  /** As in kallsyms, with the compiler's suffixes. */
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Bytes from the function's begin. */
  offset: number;
  /** It is where a call returns to: the line wanted is the call's. */
  isReturnAddress: boolean;
  /** Bytes from the function to the next symbol in the target's kallsyms. */
  distance?: number | undefined;
  /** Of the kernel or module, in hexadecimal, where the place comes with it. */
  buildId?: string | undefined;
  /** The function's address minus `_stext`'s on the target (vmlinux only); tells functions of one name apart. */
  fromStext?: number | undefined;
}

/** Padding between functions: alignment to a cache line, and room for the call depth and CFI prefixes. */
const PADDING_BYTES = 128;

export interface DebugFileLocation {
  /** Addresses in the debug file. */
  address: number;
  functionStart: number;
}

/**
 * Where a place in the target's code is in the debug file.
 * @param isSameBuild the file is known to be of the target's build; else the function must be exactly as large
 * @throws LinesError when the file has no such function, or one that cannot be the target's
 */
export function locateInDebugFile(
  symbols: SymbolTable,
  place: CodePlace,
  isSameBuild = true,
): DebugFileLocation {
  if (symbols.empty) throw new LinesError('The debug file has no symbol table.');
  const named = symbols.functions(place.name);
  if (named.length === 0) throw new LinesError(`The debug file has no function ${place.name}.`);
  const matches = isSameBuild ? fits : isAsLarge;
  const candidates = named.filter((symbol) => matches(symbols, symbol, place.distance));
  if (candidates.length === 0) {
    const sizes = named.map((symbol) => (isSameBuild ? symbol.size : symbols.distanceToNext(symbol)));
    throw new LinesError(
      `${place.name} is not the same in the debug file: ${sizes.join(' or ')} bytes there, ${place.distance} on the target.`,
    );
  }
  const [found, second] = narrow(symbols, candidates, place);
  if (found === undefined)
    throw new LinesError(`The debug file has ${place.name} at other addresses than the target.`);
  if (second !== undefined)
    throw new LinesError(
      `The debug file has ${candidates.length} functions ${place.name}; which one is not known.`,
    );
  const offset = place.isReturnAddress ? place.offset - 1 : place.offset;
  if (offset < 0 || (found.size > 0 && offset >= found.size))
    throw new LinesError(
      `${place.name}+0x${place.offset.toString(16)} is outside of the function, which has ${found.size} bytes in the debug file.`,
    );
  return { address: found.address + offset, functionStart: found.address };
}

/** Of several functions of one name those that lie where the target's does, or else have its neighbour's distance. */
function narrow(
  symbols: SymbolTable,
  candidates: FunctionSymbol[],
  { fromStext, distance }: CodePlace,
): FunctionSymbol[] {
  if (candidates.length === 1) return candidates;
  const [stext] = symbols.functions('_stext');
  if (fromStext !== undefined && stext !== undefined)
    // KASLR moves all together
    return candidates.filter(({ address }) => address - stext.address === fromStext);
  const exact = candidates.filter((symbol) => symbols.distanceToNext(symbol) === distance);
  return exact.length > 0 ? exact : candidates;
}

/** As kallsyms has it, to the byte; the last function of a section has no next symbol there. */
function isAsLarge(symbols: SymbolTable, symbol: FunctionSymbol, distance: number | undefined): boolean {
  const expected = symbols.distanceToNext(symbol);
  if (expected !== Infinity) return distance === expected;
  return distance !== undefined && distance >= symbol.size && distance < symbol.size + PADDING_BYTES;
}

function fits(symbols: SymbolTable, symbol: FunctionSymbol, distance: number | undefined): boolean {
  if (distance === undefined || symbol.size === 0) return true;
  if (distance < symbol.size) return false;
  return distance < symbol.size + PADDING_BYTES || distance <= symbols.distanceToNext(symbol);
}
