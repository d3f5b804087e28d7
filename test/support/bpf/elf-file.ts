/** Reads little-endian 64-bit ELF files (elf(5)), as far as tests of BPF objects need it. */
export interface Section {
  name: string;
  offset: number;
  alignment: number;
  data: Uint8Array;
}

export interface ElfSymbol {
  name: string;
  section: number;
  value: number;
  size: number;
}

export class ElfFile {
  readonly type: number;
  readonly machine: number;
  readonly sections: Section[];
  readonly symbols: ElfSymbol[];

  constructor(file: Uint8Array) {
    const bytes = Buffer.from(file);
    this.type = bytes.readUInt16LE(16);
    this.machine = bytes.readUInt16LE(18);
    const headersAt = Number(bytes.readBigUInt64LE(40));
    const raw = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
      const header = bytes.subarray(headersAt + index * 64, headersAt + (index + 1) * 64);
      const offset = Number(header.readBigUInt64LE(24));
      return {
        nameOffset: header.readUInt32LE(0),
        link: header.readUInt32LE(40),
        offset,
        alignment: Number(header.readBigUInt64LE(48)),
        data: bytes.subarray(offset, offset + Number(header.readBigUInt64LE(32))),
      };
    });
    const sectionNames = raw[bytes.readUInt16LE(62)]!.data;
    this.sections = raw.map(({ nameOffset, offset, alignment, data }) => ({
      name: text(sectionNames, nameOffset),
      offset,
      alignment,
      data,
    }));
    const table = this.sections.findIndex(({ name }) => name === '.symtab');
    const symbolNames = raw[raw[table]!.link]!.data;
    const entries = raw[table]!.data;
    this.symbols = Array.from({ length: entries.length / 24 }, (_, index) => {
      const entry = entries.subarray(index * 24, (index + 1) * 24);
      return {
        name: text(symbolNames, entry.readUInt32LE(0)),
        section: entry.readUInt16LE(6),
        value: Number(entry.readBigUInt64LE(8)),
        size: Number(entry.readBigUInt64LE(16)),
      };
    });
  }

  section(name: string): Section {
    const found = this.sections.find((section) => section.name === name);
    if (found === undefined) throw new Error(`no section ${name}`);
    return found;
  }

  /** The machine code of a function. */
  functionCode(name: string): Uint8Array {
    const symbol = this.symbols.find((candidate) => candidate.name === name);
    if (symbol === undefined) throw new Error(`no function ${name}`);
    const { data } = this.sections[symbol.section]!;
    return data.subarray(symbol.value, symbol.value + symbol.size);
  }
}

function text(table: Uint8Array, offset: number): string {
  return Buffer.from(table.subarray(offset, table.indexOf(0, offset))).toString('latin1');
}
