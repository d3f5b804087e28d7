/** A relocatable ELF file for BPF, little-endian, 64 bits (elf(5)). */
import { StringTable } from './string-table.ts';

export interface ElfSection {
  name: string;
  /** Machine code? */
  executable: boolean;
  data: Uint8Array;
}

/** A global function in the first section. */
export interface ElfFunction {
  name: string;
  offset: number;
  bytes: number;
}

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const ALIGNMENT = 8;

const ET_REL = 1;
const EM_BPF = 247;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHF_ALLOC_EXECINSTR = 6;
/** STB_GLOBAL, STT_FUNC */
const GLOBAL_FUNCTION = 0x12;

interface PlacedSection {
  name: string;
  type: number;
  flags: number;
  link: number;
  info: number;
  alignment: number;
  entryBytes: number;
  data: Uint8Array;
}

/** @param functions symbols, all in the first of the sections */
export function buildElf(sections: readonly ElfSection[], functions: readonly ElfFunction[]): Uint8Array {
  const strings = new StringTable();
  const symbols = symbolTable(functions, strings);
  const symtabIndex = sections.length + 1; // section 0 is the null section
  const strtabIndex = symtabIndex + 1;
  const placed: PlacedSection[] = sections.map(({ name, executable, data }) => ({
    name,
    type: SHT_PROGBITS,
    flags: executable ? SHF_ALLOC_EXECINSTR : 0,
    link: 0,
    info: 0,
    alignment: executable ? ALIGNMENT : 4,
    entryBytes: 0,
    data,
  }));
  const table = { flags: 0, link: 0, info: 0, alignment: 1, entryBytes: 0 };
  // info: the first global symbol
  placed.push({
    ...table,
    name: '.symtab',
    type: SHT_SYMTAB,
    link: strtabIndex,
    info: 1,
    alignment: ALIGNMENT,
    entryBytes: SYMBOL_BYTES,
    data: symbols,
  });
  for (const { name } of placed) strings.add(name);
  strings.add('.strtab');
  placed.push({ ...table, name: '.strtab', type: SHT_STRTAB, data: strings.bytes() });
  return assemble(placed, strings, strtabIndex);
}

function symbolTable(functions: readonly ElfFunction[], strings: StringTable): Uint8Array {
  const bytes = Buffer.alloc((functions.length + 1) * SYMBOL_BYTES);
  functions.forEach((symbol, index) => {
    const at = (index + 1) * SYMBOL_BYTES;
    bytes.writeUInt32LE(strings.add(symbol.name), at);
    bytes.writeUInt8(GLOBAL_FUNCTION, at + 4);
    bytes.writeUInt16LE(1, at + 6);
    bytes.writeBigUInt64LE(BigInt(symbol.offset), at + 8);
    bytes.writeBigUInt64LE(BigInt(symbol.bytes), at + 16);
  });
  return bytes;
}

function assemble(placed: readonly PlacedSection[], strings: StringTable, stringsIndex: number): Uint8Array {
  const parts: Uint8Array[] = [Buffer.alloc(HEADER_BYTES)];
  let size = HEADER_BYTES;
  const append = (data: Uint8Array) => {
    const padding = -size & (ALIGNMENT - 1);
    const start = size + padding;
    parts.push(Buffer.alloc(padding), data);
    size = start + data.length;
    return start;
  };
  const headers = Buffer.alloc((placed.length + 1) * SECTION_HEADER_BYTES);
  placed.forEach((section, index) => {
    const at = (index + 1) * SECTION_HEADER_BYTES;
    const start = append(section.data);
    headers.writeUInt32LE(strings.add(section.name), at);
    headers.writeUInt32LE(section.type, at + 4);
    headers.writeBigUInt64LE(BigInt(section.flags), at + 8);
    headers.writeBigUInt64LE(BigInt(start), at + 24);
    headers.writeBigUInt64LE(BigInt(section.data.length), at + 32);
    headers.writeUInt32LE(section.link, at + 40);
    headers.writeUInt32LE(section.info, at + 44);
    headers.writeBigUInt64LE(BigInt(section.alignment), at + 48);
    headers.writeBigUInt64LE(BigInt(section.entryBytes), at + 56);
  });
  const headersAt = append(headers);
  const file = Buffer.concat(parts);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bits, little-endian, version 1
  file.writeUInt16LE(ET_REL, 16);
  file.writeUInt16LE(EM_BPF, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(headersAt), 40);
  file.writeUInt16LE(HEADER_BYTES, 52);
  file.writeUInt16LE(SECTION_HEADER_BYTES, 58);
  file.writeUInt16LE(placed.length + 1, 60);
  file.writeUInt16LE(stringsIndex, 62);
  return file;
}
