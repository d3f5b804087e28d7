/**
 * The type information (BTF) of functions: what libbpf's linker and the kernel's verifier want to see of them
 * (Documentation/bpf/btf.rst). `.BTF` has the types, `.BTF.ext` says where each function is.
 */
import { StringTable } from './string-table.ts';

export interface FunctionInfo {
  name: string;
  parameters: readonly string[];
  /** It returns `unsigned long long`. */
  isWide: boolean;
  /** Where its code begins in `.text`, in bytes. */
  offset: number;
}

const MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER_BYTES = 24;
const Kind = { int: 1, func: 12, funcProto: 13 } as const;
const INT_SIGNED = 1;
const LINKAGE_GLOBAL = 1;
const LINKAGE_EXTERN = 2;

/** Shown in verifier logs in place of a source file. */
const FILE_NAME = 'packet-filter';

/** A function of another object: it takes `unsigned long long`s and returns one. */
export type ExternalFunction = Pick<FunctionInfo, 'name' | 'parameters'>;

/**
 * Types for global functions that take `unsigned long long`s and return one, or `int`. Type 0 is void by definition.
 * @param section the ELF section with the code
 * @param external what they call
 */
export function buildBtf(
  section: string,
  functions: readonly FunctionInfo[],
  external: readonly ExternalFunction[],
): { btf: Uint8Array; btfExt: Uint8Array } {
  const strings = new StringTable();
  const types: number[] = [];
  let lastId = 0;
  const add = (name: string, kind: number, vlen: number, sizeOrType: number, ...rest: number[]) => {
    types.push(strings.add(name), (kind << 24) | vlen, sizeOrType, ...rest);
    return ++lastId;
  };

  const int = add('int', Kind.int, 0, 4, (INT_SIGNED << 24) | 32);
  const u64 = add('unsigned long long', Kind.int, 0, 8, 64);
  const addFunction = ({ name, parameters }: ExternalFunction, linkage: number, result: number) => {
    const list = parameters.flatMap((parameter) => [strings.add(parameter), u64]);
    const prototype = add('', Kind.funcProto, parameters.length, result, ...list);
    return add(name, Kind.func, linkage, prototype);
  };
  const functionIds = functions.map((entry) => addFunction(entry, LINKAGE_GLOBAL, entry.isWide ? u64 : int));
  for (const entry of external) addFunction(entry, LINKAGE_EXTERN, u64);

  const count = functions.length;
  const sectionName = strings.add(section);
  const functionInfo = [8, sectionName, count, ...functions.flatMap((f, i) => [f.offset, functionIds[i]!])];
  const file = strings.add(FILE_NAME);
  // The kernel wants a line for each function ("missing bpf_line_info for func"); column in the low 10 bits.
  const lines = functions.flatMap((f, i) => [f.offset, file, strings.add(f.name), (i + 1) << 10]);
  const lineInfo = [16, sectionName, count, ...lines];

  const text = strings.bytes();
  const typeBytes = types.length * 4;
  return {
    btf: Buffer.concat([header(0, typeBytes, typeBytes, text.length), words(types), text]),
    btfExt: Buffer.concat([
      header(0, functionInfo.length * 4, functionInfo.length * 4, lineInfo.length * 4),
      words(functionInfo),
      words(lineInfo),
    ]),
  };
}

/** Both sections begin alike: a header with the place and length of two parts behind it. */
function header(...parts: [number, number, number, number]): Uint8Array {
  return words([MAGIC | (VERSION << 16), HEADER_BYTES, ...parts]);
}

function words(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
}
