/** What the DIEs of a unit look like (DWARF 5 standard, 7.5.3). */
import type { ByteReader } from '../byte-reader.ts';
import { type Encoding, fixedBytes, type FormValue, readForm, skipForm } from './forms.ts';

const DW_FORM_implicit_const = 0x21;

/** Attributes that lines need; their numbers. */
export const Attribute = {
  sibling: 0x01,
  name: 0x03,
  stmtList: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  compDir: 0x1b,
  abstractOrigin: 0x31,
  declLine: 0x3b,
  specification: 0x47,
  ranges: 0x55,
  callFile: 0x58,
  callLine: 0x59,
  strOffsetsBase: 0x72,
  addrBase: 0x73,
  rnglistsBase: 0x74,
} as const;

export const Tag = {
  lexicalBlock: 0x0b,
  inlinedSubroutine: 0x1d,
  subprogram: 0x2e,
  namespace: 0x39,
} as const;

export type Attributes = ReadonlyMap<number, FormValue>;

interface Specification {
  attribute: number;
  form: number;
  implicit: number;
}

export class Abbreviation {
  /** Bytes of all attributes together, where they are the same for each DIE. */
  private readonly bytes: number | undefined;

  constructor(
    readonly tag: number,
    readonly hasChildren: boolean,
    private readonly specifications: readonly Specification[],
    private readonly encoding: Encoding,
  ) {
    const sizes = specifications.map(({ form }) => fixedBytes(form, encoding));
    if (sizes.every((size) => size !== undefined)) this.bytes = sizes.reduce((sum, size) => sum + size, 0);
  }

  read(reader: ByteReader): Attributes {
    const attributes = new Map<number, FormValue>();
    for (const { attribute, form, implicit } of this.specifications)
      attributes.set(attribute, readForm(reader, form, this.encoding, implicit));
    return attributes;
  }

  /** @returns the DIE's next sibling, from the unit's begin, where the compiler says it */
  skip(reader: ByteReader): number | undefined {
    let sibling: number | undefined;
    let first = 0;
    // Compilers that write it write it first.
    if (this.specifications[0]?.attribute === Attribute.sibling) {
      const start = reader.at;
      const value = readForm(reader, this.specifications[0].form, this.encoding);
      if (value.kind === 'unit-reference') sibling = value.value;
      if (this.bytes !== undefined) reader.at = start;
      else first = 1;
    }
    if (this.bytes !== undefined) reader.skip(this.bytes);
    else
      for (let index = first; index < this.specifications.length; index++)
        skipForm(reader, this.specifications[index]?.form ?? 0, this.encoding);
    // Backwards only in a damaged file, where it would have no end.
    return sibling !== undefined && sibling > reader.at ? sibling : undefined;
  }
}

/**
 * The abbreviations of a unit by their code.
 * @param last stop behind this code
 */
export function parseAbbreviations(
  reader: ByteReader,
  encoding: Encoding,
  last?: number,
): Map<number, Abbreviation> {
  const abbreviations = new Map<number, Abbreviation>();
  for (let code = reader.uleb(); code !== 0; code = reader.uleb()) {
    const tag = reader.uleb();
    const hasChildren = reader.u8() !== 0;
    const specifications: Specification[] = [];
    for (;;) {
      const attribute = reader.uleb();
      const form = reader.uleb();
      const implicit = form === DW_FORM_implicit_const ? reader.sleb() : 0;
      if (attribute === 0 && form === 0) break;
      specifications.push({ attribute, form, implicit });
    }
    abbreviations.set(code, new Abbreviation(tag, hasChildren, specifications, encoding));
    if (code === last) break;
  }
  return abbreviations;
}
