/**
 * libpcap itself, as WebAssembly. A filter and a link type come in; a classic BPF program goes out, or libpcap's
 * refusal with its place in the text. Read this file first: module.ts has the instances, syntax.ts and
 * error-location.ts find the place, verdict.ts puts the answers into words.
 */
import type { CbpfInstruction } from '../../../common/protocol.ts';
import { locateError } from './error-location.ts';
import { GaveUp, freshInstance, readString, writeString } from './module.ts';
import type { FilterLibrary, LibpcapInstance } from './module.ts';
import { readSyntax, type Syntax, type TextRange } from './syntax.ts';

export type { FilterLibrary };

/** Which header a packet begins with: DLT_EN10MB or DLT_RAW of pcap/dlt.h. */
export type LinkType = 'EN10MB' | 'RAW';
const linkTypeNumbers: Record<LinkType, number> = { EN10MB: 1, RAW: 12 };

export type CompileResult = { ok: true; instructions: CbpfInstruction[] } | RefusedResult;

export interface RefusedResult {
  ok: false;
  /** libpcap's own words. */
  message: string;
  /** What they are about; null: the filter as a whole. */
  range: TextRange | null;
  /** Names of hosts and networks in the filter, which are not resolved. */
  unresolved: string[];
  /** There is nothing wrong with the filter but its size; without optimisation it may pass. */
  tooLarge: boolean;
}

/** What libpcap's optimiser says of a filter that no packet can match. */
export const REJECTS_ALL = 'expression rejects all packets';

/** What libpcap says when the optimiser or its memory reaches a limit. */
const sizeMessages = ['malloc', 'out of memory', 'not enough core', 'filter is too complex to optimize'];

export interface CompileOptions {
  optimize: boolean;
  /**
   * As for a live capture on Linux: a VLAN tag may be outside of the packet, where the kernel holds it. Only
   * programs of filters with `vlan` differ, and only for Ethernet.
   */
  vlanOutside?: boolean;
}

/**
 * libpcap's pcap_compile with snapshot length 262144 and no netmask, in a fresh instance. Takes as long
 * as libpcap does: minutes for an optimised filter of a thousand hosts.
 */
export function compileWith(
  library: FilterLibrary,
  text: string,
  link: LinkType,
  options: CompileOptions,
): CompileResult {
  const unresolved = new Set<string>();
  const refused = (message: string, range: TextRange | null, tooLarge: boolean): RefusedResult => {
    return { ok: false, message, range, unresolved: [...unresolved], tooLarge };
  };
  const nul = text.indexOf('\0');
  // libpcap would take the text before it for the whole filter.
  if (nul >= 0) return refused('the filter contains a NUL character', { start: nul, end: nul + 1 }, false);
  const wasm = freshInstance(library, unresolved);
  try {
    const failed = wasm.compile(
      linkTypeNumbers[link],
      writeString(wasm, text),
      options.optimize ? 1 : 0,
      options.vlanOutside ? 1 : 0,
    );
    if (failed === 0) return { ok: true, instructions: readInstructions(wasm) };
  } catch (error) {
    // V8's and the module's own stack overflow, and a memory that may not grow further.
    if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError)
      return refused(error.message, null, true);
    if (!(error instanceof GaveUp)) throw error;
  }
  const message = readString(wasm, wasm.error());
  if (sizeMessages.includes(message)) return refused(message, null, true);
  const syntax = message === REJECTS_ALL ? undefined : parseWith(library, text, link);
  return refused(message, syntax ? locateError(text, message, syntax) : null, false);
}

/** How libpcap reads a text, valid or not; of a filter that is too large for it undefined. */
export function parseWith(library: FilterLibrary, text: string, link: LinkType): Syntax | undefined {
  const wasm = freshInstance(library, new Set());
  wasm.trace();
  try {
    wasm.compile(linkTypeNumbers[link], writeString(wasm, text), 0, 0);
  } catch (error) {
    if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError) return undefined;
    if (!(error instanceof GaveUp)) throw error;
  }
  return readSyntax(wasm, text);
}

/** `libpcap version 1.10.3` */
export function libpcapVersion(library: FilterLibrary): string {
  const wasm = freshInstance(library, new Set());
  return readString(wasm, wasm.version());
}

/** struct bpf_insn: u16 code, u8 jt, u8 jf, u32 k, little-endian. */
function readInstructions(wasm: LibpcapInstance): CbpfInstruction[] {
  const view = new DataView(wasm.memory.buffer, wasm.instructions(), wasm.instruction_count() * 8);
  return Array.from({ length: wasm.instruction_count() }, (_, index) => {
    const at = index * 8;
    const code = view.getUint16(at, true);
    return [code, view.getUint8(at + 2), view.getUint8(at + 3), view.getUint32(at + 4, true)] as const;
  });
}
