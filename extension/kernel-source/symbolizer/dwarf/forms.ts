/** How attribute values are encoded (DWARF 5 standard, 7.5.6; versions 2 to 4 have a part of it). */
import type { ByteReader } from '../byte-reader.ts';
import { LinesError } from '../errors.ts';

/** Sizes that depend on the unit. */
export interface Encoding {
  version: number;
  addressBytes: number;
  /** Size of an offset into another section. */
  offsetBytes: 4 | 8;
}

type NumberKind =
  | 'address'
  | 'constant'
  | 'section-offset'
  /** Offset of another DIE, from the unit's begin or from the section's. */
  | 'unit-reference'
  | 'section-reference'
  /** Index into .debug_addr, .debug_str_offsets or the lists of .debug_rnglists, from the unit's base. */
  | 'address-index'
  | 'text-index'
  | 'list-index'
  | '.debug_str'
  | '.debug_line_str';

export type FormValue =
  | { kind: NumberKind; value: number }
  | { kind: 'text'; text: string }
  /** What no line needs: expressions, flags, signatures. */
  | { kind: 'other' };

const OTHER: FormValue = { kind: 'other' };

/** Bytes, or what they depend on. */
type Size = number | 'offset' | 'address' | 'uleb' | 'sleb';

/** Forms that are one number, and others of a fixed size. */
const FORMS: Readonly<Record<number, readonly [kind: NumberKind | 'other', size: Size]>> = {
  0x01: ['address', 'address'], // addr
  0x05: ['constant', 2], // data2
  0x06: ['constant', 4], // data4
  0x07: ['constant', 8], // data8
  0x0b: ['constant', 1], // data1
  0x0c: ['other', 1], // flag
  0x0d: ['constant', 'sleb'], // sdata
  0x0e: ['.debug_str', 'offset'], // strp
  0x0f: ['constant', 'uleb'], // udata
  0x10: ['section-reference', 'offset'], // ref_addr
  0x11: ['unit-reference', 1], // ref1
  0x12: ['unit-reference', 2], // ref2
  0x13: ['unit-reference', 4], // ref4
  0x14: ['unit-reference', 8], // ref8
  0x15: ['unit-reference', 'uleb'], // ref_udata
  0x17: ['section-offset', 'offset'], // sec_offset
  0x19: ['other', 0], // flag_present
  0x1a: ['text-index', 'uleb'], // strx
  0x1b: ['address-index', 'uleb'], // addrx
  0x1c: ['other', 4], // ref_sup4
  0x1d: ['other', 'offset'], // strp_sup
  0x1e: ['other', 16], // data16
  0x1f: ['.debug_line_str', 'offset'], // line_strp
  0x20: ['other', 8], // ref_sig8
  0x21: ['constant', 0], // implicit_const
  0x23: ['list-index', 'uleb'], // rnglistx
  0x24: ['other', 8], // ref_sup8
  0x25: ['text-index', 1], // strx1
  0x26: ['text-index', 2], // strx2
  0x27: ['text-index', 3], // strx3
  0x28: ['text-index', 4], // strx4
  0x29: ['address-index', 1], // addrx1
  0x2a: ['address-index', 2], // addrx2
  0x2b: ['address-index', 3], // addrx3
  0x2c: ['address-index', 4], // addrx4
  0x1f20: ['other', 'offset'], // GNU_ref_alt
  0x1f21: ['other', 'offset'], // GNU_strp_alt
};

const DW_FORM_string = 0x08;
const DW_FORM_ref_addr = 0x10;
const DW_FORM_indirect = 0x16;
const DW_FORM_implicit_const = 0x21;

function sizeOf(form: number, { version }: Encoding): Size | undefined {
  // A reference into the section was as long as an address in version 2.
  return form === DW_FORM_ref_addr && version === 2 ? 'address' : FORMS[form]?.[1];
}

/** Bytes of a form where they are the same for each value in a unit. */
export function fixedBytes(form: number, encoding: Encoding): number | undefined {
  const size = sizeOf(form, encoding);
  if (size === 'offset') return encoding.offsetBytes;
  if (size === 'address') return encoding.addressBytes;
  return typeof size === 'number' ? size : undefined;
}

/** @param implicit the value of an attribute whose value is in the abbreviation */
export function readForm(reader: ByteReader, form: number, encoding: Encoding, implicit = 0): FormValue {
  if (form === DW_FORM_implicit_const) return { kind: 'constant', value: implicit };
  if (form === DW_FORM_string) return { kind: 'text', text: reader.text() };
  if (form === DW_FORM_indirect) return readForm(reader, reader.uleb(), encoding);
  const kind = FORMS[form]?.[0] ?? 'other';
  if (kind !== 'other') return { kind, value: readNumber(reader, sizeOf(form, encoding), encoding) };
  skipOther(reader, form, encoding);
  return OTHER;
}

function readNumber(reader: ByteReader, size: Size | undefined, encoding: Encoding): number {
  switch (size) {
    case 1:
      return reader.u8();
    case 2:
      return reader.u16();
    case 3:
      return reader.u24();
    case 4:
      return reader.u32();
    case 'uleb':
      return reader.uleb();
    case 'sleb':
      return reader.sleb();
    case 'address':
      return reader.address(encoding.addressBytes);
    case 'offset':
      return reader.offset(encoding.offsetBytes);
    default:
      return reader.u64();
  }
}

/** Passes over a value without making anything of it: most of a unit is of no interest. */
export function skipForm(reader: ByteReader, form: number, encoding: Encoding): void {
  const bytes = fixedBytes(form, encoding);
  if (bytes !== undefined) reader.skip(bytes);
  else if (form === DW_FORM_string) reader.skipText();
  else readForm(reader, form, encoding);
}

function skipOther(reader: ByteReader, form: number, encoding: Encoding): void {
  const bytes = fixedBytes(form, encoding);
  if (bytes !== undefined) reader.skip(bytes);
  else if (form === 0x0a)
    reader.skip(reader.u8()); // block1
  else if (form === 0x03)
    reader.skip(reader.u16()); // block2
  else if (form === 0x04)
    reader.skip(reader.u32()); // block4
  else if (form === 0x09 || form === 0x18)
    reader.skip(reader.uleb()); // block, exprloc
  else if (form === 0x22)
    reader.skipLeb(); // loclistx
  else throw new LinesError(`attribute form 0x${form.toString(16)} of the debug information is not known.`);
}
