import { ByteReader } from '../byte-reader.ts';
import type { ElfFile } from './elf-file.ts';
import type { SymbolTable } from './elf-symbols.ts';
import { Relocations } from './relocations.ts';
import type { Section } from './section.ts';

const FIRST_BYTES = 4096;

/** A debug section, read piece by piece and relocated. */
export class DebugSection {
  private readonly relocations: Relocations | undefined;

  constructor(
    private readonly file: ElfFile,
    private readonly section: Section,
    symbols: SymbolTable,
  ) {
    this.relocations = file.relocatable ? Relocations.of(file, section, symbols) : undefined;
  }

  get size(): number {
    return this.section.size;
  }

  read(at: number, length: number): Buffer {
    const data = this.file.read(this.section, at, length);
    this.relocations?.apply(data, at);
    return data;
  }

  /**
   * Parses something whose length is not known before: with a small piece first, then with larger ones.
   * @throws RangeError when it does not end within the section
   */
  parse<T>(at: number, parser: (reader: ByteReader) => T): T {
    for (let length = FIRST_BYTES; ; length *= 4) {
      try {
        return parser(new ByteReader(this.read(at, length)));
      } catch (error) {
        if (!(error instanceof RangeError) || at + length >= this.size) throw error;
      }
    }
  }

  text(at: number): string {
    return this.parse(at, (reader) => reader.text());
  }
}
