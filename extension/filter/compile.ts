import type { CbpfInstruction } from '../../remote-agent/protocol.ts';
import { lookUp, type NameTables } from './names.ts';

/** dist/libpcap.wasm, compiled, and dist/netbase.json. */
export interface FilterLibrary {
  module: WebAssembly.Module;
  names: NameTables;
}

/** Which header a packet begins with: DLT_EN10MB or DLT_RAW of pcap/dlt.h. */
export type LinkType = 'EN10MB' | 'RAW';
const linkTypeNumbers: Record<LinkType, number> = { EN10MB: 1, RAW: 12 };

export type CompileResult = { ok: true; instructions: CbpfInstruction[] } | RefusedResult;

export interface RefusedResult {
  ok: false;
  /** libpcap's own words. */
  message: string;
  /** Names of hosts and networks in the filter, which are not resolved. */
  unresolved: string[];
  /** There is nothing wrong with the filter but its size; without optimisation it may pass. */
  tooLarge: boolean;
}

/** What build/libpcap/compile.c exports. */
interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(bytes: number): number;
  compile(linkType: number, text: number, optimize: number): number;
  instruction_count(): number;
  instructions(): number;
  error(): number;
  version(): number;
}

/** Thrown through libpcap's frames in place of its longjmp; the instance is of no use afterwards. */
class GaveUp extends Error {}

/** What libpcap says when the optimiser or its memory reaches a limit. */
const sizeMessages = ['malloc', 'out of memory', 'not enough core', 'filter is too complex to optimize'];

/**
 * libpcap's pcap_compile with snapshot length 262144 and no netmask, in an instance of its own. Takes as long
 * as libpcap does: minutes for an optimised filter of a thousand hosts.
 */
export function compileWith(
  library: FilterLibrary,
  text: string,
  link: LinkType,
  options: { optimize: boolean },
): CompileResult {
  const unresolved = new Set<string>();
  const refused = (message: string, tooLarge = sizeMessages.includes(message)): RefusedResult => {
    return { ok: false, message, unresolved: [...unresolved], tooLarge };
  };
  // libpcap would take the text before it for the whole filter.
  if (text.includes('\0')) return refused('the filter contains a NUL character');
  const wasm = instantiate(library, unresolved);
  try {
    const failed = wasm.compile(linkTypeNumbers[link], writeString(wasm, text), options.optimize ? 1 : 0);
    if (failed === 0) return { ok: true, instructions: readInstructions(wasm) };
  } catch (error) {
    // V8's and the module's own stack overflow, and a memory that may not grow further.
    if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError)
      return refused(error.message, true);
    if (!(error instanceof GaveUp)) throw error;
  }
  return refused(readString(wasm, wasm.error()));
}

/** `libpcap version 1.10.3` */
export function libpcapVersion(library: FilterLibrary): string {
  const wasm = instantiate(library, new Set());
  return readString(wasm, wasm.version());
}

function instantiate(library: FilterLibrary, unresolved: Set<string>): Exports {
  const instance: WebAssembly.Instance = new WebAssembly.Instance(library.module, {
    env: {
      give_up: () => {
        throw new GaveUp();
      },
      lookup: (kind: number, name: number) => lookUp(library.names, kind, readString(wasm, name), unresolved),
    },
  });
  const wasm = instance.exports as unknown as Exports;
  wasm._initialize();
  return wasm;
}

function writeString(wasm: Exports, text: string): number {
  const bytes = Buffer.from(text);
  const address = wasm.malloc(bytes.length + 1);
  if (address === 0) throw new RangeError('no memory for its text');
  const memory = new Uint8Array(wasm.memory.buffer);
  memory.set(bytes, address);
  memory[address + bytes.length] = 0;
  return address;
}

function readString(wasm: Exports, address: number): string {
  const memory = Buffer.from(wasm.memory.buffer);
  return memory.toString('utf8', address, memory.indexOf(0, address));
}

/** struct bpf_insn: u16 code, u8 jt, u8 jf, u32 k, little-endian. */
function readInstructions(wasm: Exports): CbpfInstruction[] {
  const view = new DataView(wasm.memory.buffer, wasm.instructions(), wasm.instruction_count() * 8);
  return Array.from({ length: wasm.instruction_count() }, (_, index) => {
    const at = index * 8;
    const code = view.getUint16(at, true);
    return [code, view.getUint8(at + 2), view.getUint8(at + 3), view.getUint32(at + 4, true)] as const;
  });
}
