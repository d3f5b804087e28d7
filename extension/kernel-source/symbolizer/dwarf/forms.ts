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

export type FormValue =
  | { kind: 'address' | 'constant' | 'section-offset'; value: number }
  /** Offset of another DIE, from the unit's begin or from the section's. */
  | { kind: 'unit-reference' | 'section-reference'; value: number }
  /** Index into .debug_addr, .debug_str_offsets or the lists of .debug_rnglists, from the unit's base. */
  | { kind: 'address-index' | 'text-index' | 'list-index'; value: number }
  | { kind: '.debug_str' | '.debug_line_str'; value: number }
  | { kind: 'text'; text: string }
  /** What no line needs: expressions, flags, signatures. */
  | { kind: 'other' };

const OTHER: FormValue = { kind: 'other' };
const OFFSET = -1;
const ADDRESS = -2;

/** Bytes of forms with a size of their own; OFFSET and ADDRESS depend on the unit. */
const FIXED: Readonly<Record<number, number>> = {
  0x01: ADDRESS,
  0x05: 2,
  0x06: 4,
  0x07: 8,
  0x0b: 1,
  0x0c: 1,
  0x0e: OFFSET,
  0x11: 1,
  0x12: 2,
  0x13: 4,
  0x14: 8,
  0x17: OFFSET,
  0x19: 0,
  0x1c: 4,
  0x1d: OFFSET,
  0x1e: 16,
  0x1f: OFFSET,
  0x20: 8,
  0x21: 0,
  0x24: 8,
  0x25: 1,
  0x26: 2,
  0x27: 3,
  0x28: 4,
  0x29: 1,
  0x2a: 2,
  0x2b: 3,
  0x2c: 4,
  0x1f20: OFFSET,
  0x1f21: OFFSET,
};

const DW_FORM_string = 0x08;
const DW_FORM_ref_addr = 0x10;
const DW_FORM_indirect = 0x16;
const DW_FORM_implicit_const = 0x21;

/** Bytes of a form where they are the same for each value in a unit. */
export function fixedBytes(form: number, encoding: Encoding): number | undefined {
  // A reference into the section was as long as an address in version 2.
  if (form === DW_FORM_ref_addr) return encoding.version === 2 ? encoding.addressBytes : encoding.offsetBytes;
  const bytes = FIXED[form];
  if (bytes === OFFSET) return encoding.offsetBytes;
  return bytes === ADDRESS ? encoding.addressBytes : bytes;
}

/** @param implicit the value of an attribute whose value is in the abbreviation */
export function readForm(reader: ByteReader, form: number, encoding: Encoding, implicit = 0): FormValue {
  switch (form) {
    case 0x01: // addr
      return { kind: 'address', value: reader.address(encoding.addressBytes) };
    case 0x0b: // data1
      return { kind: 'constant', value: reader.u8() };
    case 0x05: // data2
      return { kind: 'constant', value: reader.u16() };
    case 0x06: // data4
      return { kind: 'constant', value: reader.u32() };
    case 0x07: // data8
      return { kind: 'constant', value: reader.u64() };
    case 0x0d: // sdata
      return { kind: 'constant', value: reader.sleb() };
    case 0x0f: // udata
      return { kind: 'constant', value: reader.uleb() };
    case DW_FORM_implicit_const:
      return { kind: 'constant', value: implicit };
    case 0x17: // sec_offset
      return { kind: 'section-offset', value: reader.offset(encoding.offsetBytes) };
    case 0x11: // ref1
      return { kind: 'unit-reference', value: reader.u8() };
    case 0x12: // ref2
      return { kind: 'unit-reference', value: reader.u16() };
    case 0x13: // ref4
      return { kind: 'unit-reference', value: reader.u32() };
    case 0x14: // ref8
      return { kind: 'unit-reference', value: reader.u64() };
    case 0x15: // ref_udata
      return { kind: 'unit-reference', value: reader.uleb() };
    case DW_FORM_ref_addr:
      return {
        kind: 'section-reference',
        value:
          encoding.version === 2
            ? reader.address(encoding.addressBytes)
            : reader.offset(encoding.offsetBytes),
      };
    case 0x0e: // strp
      return { kind: '.debug_str', value: reader.offset(encoding.offsetBytes) };
    case 0x1f: // line_strp
      return { kind: '.debug_line_str', value: reader.offset(encoding.offsetBytes) };
    case DW_FORM_string:
      return { kind: 'text', text: reader.text() };
    case 0x1a: // strx
      return { kind: 'text-index', value: reader.uleb() };
    case 0x25: // strx1
      return { kind: 'text-index', value: reader.u8() };
    case 0x26: // strx2
      return { kind: 'text-index', value: reader.u16() };
    case 0x27: // strx3
      return { kind: 'text-index', value: reader.u24() };
    case 0x28: // strx4
      return { kind: 'text-index', value: reader.u32() };
    case 0x1b: // addrx
      return { kind: 'address-index', value: reader.uleb() };
    case 0x29: // addrx1
      return { kind: 'address-index', value: reader.u8() };
    case 0x2a: // addrx2
      return { kind: 'address-index', value: reader.u16() };
    case 0x2b: // addrx3
      return { kind: 'address-index', value: reader.u24() };
    case 0x2c: // addrx4
      return { kind: 'address-index', value: reader.u32() };
    case 0x23: // rnglistx
      return { kind: 'list-index', value: reader.uleb() };
    case DW_FORM_indirect:
      return readForm(reader, reader.uleb(), encoding);
    default:
      skipOther(reader, form, encoding);
      return OTHER;
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
