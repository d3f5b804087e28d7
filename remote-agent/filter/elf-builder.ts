/** A relocatable ELF file for BPF, little-endian, 64 bits (elf(5)). */
import { StringTable } from './string-table.ts';

/** What goes into the file. */
export interface ElfContents {
  /** `.text` */
  code: Uint8Array;
  /** Global functions in the code. */
  functions: readonly ElfFunction[];
  /** A function of another file, and where in the code it is called, in bytes. */
  external: { name: string; calls: readonly number[] };
  /** Sections beside the code. */
  data: readonly { name: string; bytes: Uint8Array }[];
}

export interface ElfFunction {
  name: string;
  offset: number;
  bytes: number;
}

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
const ALIGNMENT = 8;

const ET_REL = 1;
const EM_BPF = 247;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_REL = 9;
const SHF_ALLOC_EXECINSTR = 6;
/** As clang sets it: libbpf links sections of one name only when their flags are the same. */
const SHF_INFO_LINK = 0x40;
/** STB_GLOBAL with STT_FUNC and STT_NOTYPE */
const GLOBAL_FUNCTION = 0x12;
const GLOBAL_UNKNOWN = 0x10;
/** Section 0 is the null section. */
const CODE_SECTION = 1;
const UNDEFINED_SECTION = 0;
/** A call (Documentation/bpf/llvm_reloc.rst). */
const R_BPF_64_32 = 10;

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

export function buildElf({ code, functions, external, data }: ElfContents): Uint8Array {
  const strings = new StringTable();
  const called = external.calls.length > 0;
  const symbols = functions.map(({ name, offset, bytes }) =>
    symbol(strings.add(name), GLOBAL_FUNCTION, CODE_SECTION, offset, bytes),
  );
  if (called) symbols.push(symbol(strings.add(external.name), GLOBAL_UNKNOWN, UNDEFINED_SECTION, 0, 0));
  const symtabIndex = CODE_SECTION + data.length + 1;
  const strtabIndex = symtabIndex + 1;
  const plain = { type: SHT_PROGBITS, flags: 0, link: 0, info: 0, alignment: 4, entryBytes: 0 };
  const placed: PlacedSection[] = [
    { ...plain, name: '.text', flags: SHF_ALLOC_EXECINSTR, alignment: ALIGNMENT, data: code },
    ...data.map(({ name, bytes }) => ({ ...plain, name, data: bytes })),
    {
      ...plain,
      name: '.symtab',
      type: SHT_SYMTAB,
      link: strtabIndex,
      info: 1, // the first global symbol
      alignment: ALIGNMENT,
      entryBytes: SYMBOL_BYTES,
      data: Buffer.concat([Buffer.alloc(SYMBOL_BYTES), ...symbols]),
    },
  ];
  const table = { ...plain, name: '.strtab', type: SHT_STRTAB, alignment: 1 };
  const relocations: PlacedSection = {
    ...plain,
    name: '.rel.text',
    type: SHT_REL,
    flags: SHF_INFO_LINK,
    link: symtabIndex,
    info: CODE_SECTION,
    alignment: ALIGNMENT,
    entryBytes: RELOCATION_BYTES,
    data: Buffer.concat(external.calls.map((offset) => relocation(offset, symbols.length))),
  };
  const behind = called ? [relocations] : [];
  for (const { name } of [...placed, table, ...behind]) strings.add(name);
  return assemble([...placed, { ...table, data: strings.bytes() }, ...behind], strings, strtabIndex);
}

function symbol(name: number, info: number, section: number, value: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(SYMBOL_BYTES);
  bytes.writeUInt32LE(name);
  bytes.writeUInt8(info, 4);
  bytes.writeUInt16LE(section, 6);
  bytes.writeBigUInt64LE(BigInt(value), 8);
  bytes.writeBigUInt64LE(BigInt(size), 16);
  return bytes;
}

function relocation(offset: number, symbolIndex: number): Uint8Array {
  const bytes = Buffer.alloc(RELOCATION_BYTES);
  bytes.writeBigUInt64LE(BigInt(offset));
  bytes.writeUInt32LE(R_BPF_64_32, 8);
  bytes.writeUInt32LE(symbolIndex, 12);
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
