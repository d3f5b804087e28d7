import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ByteReader } from '../byte-reader.ts';
import { LinesError } from '../errors.ts';
import { inflateSections } from './compressed-sections.ts';
import { type Section, SHF_ALLOC } from './section.ts';

const ET_REL = 1;
const FILE_HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;

/**
 * An ELF file (64-bit, little-endian) that is read piece by piece: a vmlinux is up to a gigabyte. Reads are
 * synchronous and small; use it in a worker where some milliseconds matter.
 */
export class ElfFile {
  private constructor(
    readonly path: string,
    /** Object files and kernel modules: sections without addresses, contents to be relocated. */
    readonly relocatable: boolean,
    readonly machine: number,
    readonly sections: readonly Section[],
    private readonly fds: readonly number[],
  ) {}

  /**
   * Opens a file, reads its section headers and inflates its compressed debug sections into a temporary file.
   * @throws LinesError when it is not an ELF file of the kind that we read
   */
  static async open(path: string): Promise<ElfFile> {
    const fd = openSync(path, 'r');
    const fds = [fd];
    try {
      const header = readAt(fd, 0, FILE_HEADER_BYTES);
      checkKind(path, header);
      const relocatable = header.readUInt16LE(16) === ET_REL;
      const sections = readSections(fd, header);
      await inflateSections(path, sections, fds);
      if (relocatable) layOut(sections);
      return new ElfFile(path, relocatable, header.readUInt16LE(18), sections, fds);
    } catch (error) {
      for (const open of fds) closeSync(open);
      throw error;
    }
  }

  section(name: string): Section | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** The bytes of a section, fewer where it ends; not relocated. */
  read(section: Section, at = 0, length = section.size): Buffer {
    const bytes = Math.max(0, Math.min(length, section.size - at));
    return readAt(section.fd, section.offset + at, bytes);
  }

  close(): void {
    for (const fd of this.fds) closeSync(fd);
  }
}

function checkKind(path: string, header: Buffer): void {
  if (header.length < FILE_HEADER_BYTES || header.toString('latin1', 0, 4) !== '\x7fELF')
    throw new LinesError(`${path} is not an ELF file.`);
  if (header[4] !== 2 || header[5] !== 1)
    throw new LinesError(`${path} is not a 64-bit little-endian ELF file; others are not read.`);
}

function readAt(fd: number, position: number, length: number): Buffer {
  // A damaged header can ask for terabytes.
  const data = Buffer.allocUnsafe(Math.max(0, Math.min(length, fstatSync(fd).size - position)));
  return data.subarray(0, readSync(fd, data, 0, data.length, position));
}

function readSections(fd: number, header: Buffer): Section[] {
  const table = new ByteReader(header, 40).u64();
  if (table === 0) return [];
  // Counts that do not fit into the file header are in the first section header.
  const first = readAt(fd, table, SECTION_HEADER_BYTES);
  const count = header.readUInt16LE(60) || new ByteReader(first, 32).u64();
  const namesIndex = header.readUInt16LE(62) === 0xffff ? first.readUInt32LE(40) : header.readUInt16LE(62);
  const reader = new ByteReader(readAt(fd, table, count * SECTION_HEADER_BYTES));
  const nameOffsets: number[] = [];
  const sections: Section[] = [];
  for (let index = 0; index < count; index++) {
    reader.at = index * SECTION_HEADER_BYTES;
    nameOffsets.push(reader.u32());
    const [type, flags, address, offset, size] = [
      reader.u32(),
      reader.u64(),
      reader.address(8),
      reader.u64(),
      reader.u64(),
    ];
    const [link, info, alignment] = [reader.u32(), reader.u32(), reader.u64()];
    sections.push({ index, name: '', type, flags, address, fd, offset, size, link, info, alignment });
  }
  const names = sections[namesIndex];
  if (names === undefined) return sections;
  const text = new ByteReader(readAt(fd, names.offset, names.size));
  for (const section of sections) {
    text.at = nameOffsets[section.index] ?? 0;
    section.name = text.text();
  }
  return sections;
}

/** Gives loaded sections addresses one after the other, as elfutils does, so that its tools can be asked by them. */
function layOut(sections: Section[]): void {
  let end = 0;
  for (const section of sections) {
    if ((section.flags & SHF_ALLOC) === 0) continue;
    const alignment = section.alignment || 1;
    section.address = Math.ceil(end / alignment) * alignment;
    end = section.address + section.size;
  }
}
