import { lastUpTo } from '../../tables/last-up-to.ts';
import { LinesError } from '../errors.ts';
import type { ElfFile } from './elf-file.ts';
import type { SymbolTable } from './elf-symbols.ts';
import { type Section, SHT_RELA } from './section.ts';

const ENTRY_BYTES = 24;
const EM_X86_64 = 62;
const EM_AARCH64 = 183;

/** Bytes that a relocation type writes: all that compilers use in debug sections are symbol + addend. */
const WIDTHS: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  // R_X86_64_NONE, _64, _32, _32S (x86-64 psABI)
  [
    EM_X86_64,
    new Map([
      [0, 0],
      [1, 8],
      [10, 4],
      [11, 4],
    ]),
  ],
  // R_AARCH64_NONE, _ABS64, _ABS32 (aaelf64)
  [
    EM_AARCH64,
    new Map([
      [0, 0],
      [257, 8],
      [258, 4],
    ]),
  ],
]);

/** The relocations of one debug section of an object file or kernel module. */
export class Relocations {
  private constructor(
    private readonly entries: Buffer,
    /** Entry numbers by the offset that they apply to. */
    private readonly order: Uint32Array,
    private readonly widths: ReadonlyMap<number, number>,
    private readonly symbols: SymbolTable,
  ) {}

  /** @throws LinesError for an architecture whose relocations are not known */
  static of(file: ElfFile, section: Section, symbols: SymbolTable): Relocations | undefined {
    const table = file.sections.find(({ type, info }) => type === SHT_RELA && info === section.index);
    if (table === undefined) return undefined;
    const widths = WIDTHS.get(file.machine);
    if (widths === undefined)
      throw new LinesError(`${file.path} is for a processor (${file.machine}) whose modules are not read.`);
    const entries = file.read(table);
    const order = Uint32Array.from({ length: Math.floor(entries.length / ENTRY_BYTES) }, (_, index) => index);
    const offset = (index: number) => entries.readUIntLE(index * ENTRY_BYTES, 6);
    if (order.some((index) => index > 0 && offset(index - 1) > offset(index)))
      order.sort((a, b) => offset(a) - offset(b));
    return new Relocations(entries, order, widths, symbols);
  }

  /** Writes the addresses into `data`, a piece of the section that begins at `start`. */
  apply(data: Buffer, start: number): void {
    const offset = (index: number) => this.entries.readUIntLE((this.order[index] ?? 0) * ENTRY_BYTES, 6);
    for (let at = lastUpTo(this.order.length, offset, start - 1) + 1; at < this.order.length; at++) {
      const entry = (this.order[at] ?? 0) * ENTRY_BYTES;
      const target = offset(at) - start;
      if (target >= data.length) return;
      const type = this.entries.readUInt32LE(entry + 8);
      const width = this.widths.get(type);
      if (width === undefined)
        throw new LinesError(`relocation type ${type} in debug information is not known.`);
      if (width === 0 || target + width > data.length) continue; // the last may be cut by the piece's end
      const symbol = this.entries.readUInt32LE(entry + 12);
      const value = this.symbols.address(symbol) + this.entries.readIntLE(entry + 16, 6);
      if (width === 8) data.writeIntLE(value, target, 6);
      else data.writeInt32LE(value | 0, target);
    }
  }
}
