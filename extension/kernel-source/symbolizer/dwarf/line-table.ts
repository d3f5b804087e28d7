import { lastUpTo } from '../../tables/last-up-to.ts';
import { ByteReader } from '../byte-reader.ts';
import { LinesError } from '../errors.ts';
import { readLineHeader } from './line-header.ts';
import { runLineProgram, type Sequence } from './line-program.ts';
import type { Unit } from './unit.ts';

/** Which line the instructions of a unit are of: section .debug_line. */
export class LineTable {
  private constructor(
    private readonly files: readonly string[],
    private readonly sequences: readonly Sequence[],
  ) {}

  /** @param at where the unit's table begins in the section */
  static read(unit: Unit, at: number): LineTable {
    const section = unit.file.section('.debug_line');
    if (section === undefined) throw new LinesError(`${unit.file.elf.path} has no section .debug_line.`);
    const start = new ByteReader(section.read(at, 12));
    const { length, offsetBytes } = start.initialLength();
    const reader = new ByteReader(section.read(at, start.at + length), start.at);
    const header = readLineHeader(reader, offsetBytes, unit);
    return new LineTable(header.files, runLineProgram(reader, header, unit.header.addressBytes));
  }

  /** A path as the compiler was told it; undefined for a number that the table does not have. */
  file(index: number): string | undefined {
    return this.files[index];
  }

  /** File and line (from 1; 0: the compiler gave none) of the instruction at an address. */
  find(address: number): { file: string; line: number } | undefined {
    for (const { low, high, addresses, files, lines } of this.sequences) {
      if (address < low || address >= high) continue;
      const row = lastUpTo(addresses.length, (index) => addresses[index] ?? 0, address);
      return { file: this.files[files[row] ?? 0] ?? '', line: lines[row] ?? 0 };
    }
    return undefined;
  }
}
