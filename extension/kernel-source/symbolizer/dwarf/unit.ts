/** One compilation unit of .debug_info: a C file with all it includes (DWARF 5 standard, 7.5.1). */
import { ByteReader } from '../byte-reader.ts';
import type { DebugFile } from '../elf/debug-file.ts';
import { LinesError } from '../errors.ts';
import { type Abbreviation, Attribute, type Attributes, parseAbbreviations } from './abbreviations.ts';
import type { Encoding, FormValue } from './forms.ts';

const DW_UT_compile = 1;
const DW_UT_partial = 3;
/** A unit header and the unit's own DIE are shorter. */
const HEADER_BYTES = 24;

export interface UnitHeader extends Encoding {
  /** In .debug_info. */
  at: number;
  /** Where the next unit begins. */
  end: number;
  abbreviations: number;
  /** Of the first DIE, from `at`. */
  dies: number;
  /** Not: type units and skeletons of split files. */
  isCode: boolean;
}

export function readUnitHeader(file: DebugFile, at: number): UnitHeader {
  const section = file.section('.debug_info');
  if (section === undefined) throw new LinesError(`${file.elf.path} has no debug information.`);
  const reader = new ByteReader(section.read(at, HEADER_BYTES));
  const { length, offsetBytes } = reader.initialLength();
  const end = at + reader.at + length;
  const version = reader.u16();
  if (version < 2 || version > 5)
    throw new LinesError(`${file.elf.path} has DWARF ${version}, which is not known.`);
  const type = version >= 5 ? reader.u8() : DW_UT_compile;
  const before = version >= 5 ? reader.u8() : undefined;
  const abbreviations = reader.offset(offsetBytes);
  const addressBytes = before ?? reader.u8();
  const isCode = type === DW_UT_compile || type === DW_UT_partial;
  return { at, end, version, offsetBytes, addressBytes, abbreviations, dies: reader.at, isCode };
}

export class Unit {
  readonly root: Attributes;
  private abbreviations: Map<number, Abbreviation> | undefined;
  private contents: Buffer | undefined;

  constructor(
    readonly file: DebugFile,
    readonly header: UnitHeader,
  ) {
    this.root = this.info.parse(header.at, (reader) => {
      reader.at = header.dies;
      const code = reader.uleb();
      // One of many units is looked into further: its own DIE's abbreviation is enough, clang's first.
      return this.readAbbreviations(code).get(code)?.read(reader) ?? new Map<number, FormValue>();
    });
  }

  private readAbbreviations(last?: number): Map<number, Abbreviation> {
    const section = this.file.section('.debug_abbrev');
    if (section === undefined) throw new LinesError(`${this.file.elf.path} has no section .debug_abbrev.`);
    return section.parse(this.header.abbreviations, (reader) =>
      parseAbbreviations(reader, this.header, last),
    );
  }

  private get info() {
    const info = this.file.section('.debug_info');
    if (info === undefined) throw new LinesError(`${this.file.elf.path} has no debug information.`);
    return info;
  }

  /** The unit's bytes; positions in it are from the unit's begin. */
  reader(at: number): ByteReader {
    const { at: start, end } = this.header;
    this.contents ??= this.info.read(start, end - start);
    return new ByteReader(this.contents, at);
  }

  /** Reads a DIE's code; undefined at the end of a list of siblings. */
  abbreviation(reader: ByteReader): Abbreviation | undefined {
    const code = reader.uleb();
    if (code === 0) return undefined;
    const abbreviation = (this.abbreviations ??= this.readAbbreviations()).get(code);
    if (abbreviation === undefined) throw new LinesError('the debug information is damaged (abbreviation).');
    return abbreviation;
  }

  attributesAt(at: number): Attributes {
    const reader = this.reader(at);
    return this.abbreviation(reader)?.read(reader) ?? new Map<number, FormValue>();
  }

  /** The text of a value, if it is one. */
  text(value: FormValue | undefined): string | undefined {
    if (value?.kind === 'text') return value.text;
    if (value?.kind === '.debug_str' || value?.kind === '.debug_line_str')
      return this.file.section(value.kind)?.text(value.value);
    if (value?.kind !== 'text-index') return undefined;
    const { offsetBytes } = this.header;
    const at = this.base(Attribute.strOffsetsBase, 2 * offsetBytes) + value.value * offsetBytes;
    const entry = this.file.section('.debug_str_offsets')?.read(at, offsetBytes);
    return entry && this.file.section('.debug_str')?.text(new ByteReader(entry).offset(offsetBytes));
  }

  address(value: FormValue | undefined): number | undefined {
    if (value?.kind === 'address') return value.value;
    return value?.kind === 'address-index' ? this.indexedAddress(value.value) : undefined;
  }

  indexedAddress(index: number): number | undefined {
    const { addressBytes } = this.header;
    const at = this.base(Attribute.addrBase, 8) + index * addressBytes;
    const entry = this.file.section('.debug_addr')?.read(at, addressBytes);
    return entry && new ByteReader(entry).address(addressBytes);
  }

  /** Where the unit's part of an index section begins; without the attribute behind the section's header. */
  base(attribute: number, header: number): number {
    return offsetOf(this.root.get(attribute)) ?? header;
  }
}

/** A value that is an offset into a section; before DWARF 4 those were plain constants. */
export function offsetOf(value: FormValue | undefined): number | undefined {
  return value?.kind === 'section-offset' || value?.kind === 'constant' ? value.value : undefined;
}
