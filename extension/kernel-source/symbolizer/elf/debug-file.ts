/**
 * ELF files of any size, read piece by piece. A path comes in; symbols and relocated debug sections go out. Read
 * this file first, then elf-file.ts.
 */
import { gnuBuildId } from '../../../../common/elf-notes.ts';
import { DebugSection } from './debug-section.ts';
import { ElfFile } from './elf-file.ts';
import { SymbolTable } from './elf-symbols.ts';
import { SHT_NOTE } from './section.ts';

/** A vmlinux or kernel module with debug information. */
export class DebugFile {
  private readonly sections = new Map<string, DebugSection | undefined>();
  private table: SymbolTable | undefined;

  private constructor(readonly elf: ElfFile) {}

  /** @throws LinesError when it is not an ELF file that we read; the system's error when it cannot be opened */
  static async open(path: string): Promise<DebugFile> {
    return new DebugFile(await ElfFile.open(path));
  }

  get hasLines(): boolean {
    return this.section('.debug_line') !== undefined && this.section('.debug_info') !== undefined;
  }

  get symbols(): SymbolTable {
    return (this.table ??= new SymbolTable(this.elf));
  }

  /** Undefined: the file has none, or an empty one. */
  section(name: string): DebugSection | undefined {
    if (!this.sections.has(name)) {
      const section = this.elf.section(name);
      const usable = section !== undefined && section.size > 0;
      this.sections.set(name, usable ? new DebugSection(this.elf, section, this.symbols) : undefined);
    }
    return this.sections.get(name);
  }

  /** In hexadecimal; undefined when the file has none. */
  buildId(): string | undefined {
    for (const section of this.elf.sections) {
      const id = section.type === SHT_NOTE ? gnuBuildId(this.elf.read(section)) : undefined;
      if (id !== undefined) return id;
    }
    return undefined;
  }

  close(): void {
    this.elf.close();
  }
}
