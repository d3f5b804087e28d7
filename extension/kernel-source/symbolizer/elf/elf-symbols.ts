import type { ElfFile } from './elf-file.ts';
import { SHF_EXECINSTR } from './section.ts';

const SYMBOL_BYTES = 24;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const SHN_LORESERVE = 0xff00;

export interface FunctionSymbol {
  address: number;
  /** Bytes; 0 for code in assembler that does not say. */
  size: number;
  section: number;
}

/** The symbol table of an ELF file, kept as bytes: a kernel has 120,000 symbols. */
export class SymbolTable {
  private readonly symbols: Buffer;
  private readonly names: Buffer;
  /** Positions of the symbols in executable sections. */
  private text: Uint32Array | undefined;

  constructor(private readonly file: ElfFile) {
    const table = file.section('.symtab');
    const names = file.sections[table?.link ?? 0];
    this.symbols = table === undefined ? Buffer.alloc(0) : file.read(table);
    this.names = table === undefined || names === undefined ? Buffer.alloc(0) : file.read(names);
  }

  get empty(): boolean {
    return this.symbols.length === 0;
  }

  /** The address of a symbol by its number, as relocations name it. */
  address(index: number): number {
    const at = index * SYMBOL_BYTES;
    const base = this.file.relocatable ? this.file.sections[this.symbols.readUInt16LE(at + 6)]?.address : 0;
    return (base ?? 0) + this.symbols.readUIntLE(at + 8, 6);
  }

  /** Functions of exactly this name; static ones can be several. Aliases at one address count once. */
  functions(name: string): FunctionSymbol[] {
    const wanted = Buffer.from(`${name}\0`);
    const found = new Map<number, FunctionSymbol>();
    for (const at of (this.text ??= this.findText())) {
      const nameAt = this.symbols.readUInt32LE(at);
      if (this.names[nameAt] !== wanted[0]) continue;
      if (!this.names.subarray(nameAt, nameAt + wanted.length).equals(wanted)) continue;
      const address = this.address(at / SYMBOL_BYTES);
      const size = this.symbols.readUIntLE(at + 16, 6);
      found.set(address, { address, size, section: this.symbols.readUInt16LE(at + 6) });
    }
    return [...found.values()];
  }

  /** Bytes from a function to the next symbol in its section, as kallsyms shows it: padding included. */
  distanceToNext({ address, section }: FunctionSymbol): number {
    let next = Infinity;
    for (const at of (this.text ??= this.findText())) {
      if (this.symbols.readUInt16LE(at + 6) !== section) continue;
      const other = this.address(at / SYMBOL_BYTES);
      if (other > address && other < next) next = other;
    }
    return next - address;
  }

  private findText(): Uint32Array {
    const executable = this.file.sections.map(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
    const positions: number[] = [];
    for (let at = 0; at + SYMBOL_BYTES <= this.symbols.length; at += SYMBOL_BYTES) {
      const type = this.symbols.readUInt8(at + 4) & 15;
      if (type !== STT_FUNC && type !== STT_NOTYPE) continue;
      const section = this.symbols.readUInt16LE(at + 6);
      if (section < SHN_LORESERVE && executable[section] === true) positions.push(at);
    }
    return Uint32Array.from(positions);
  }
}
