import { headerOf, type Field } from './fields.ts';
import type { Access } from './position.ts';

/** What is done with the bytes: `& mask`, `= value`. */
export interface AccessUse {
  mask?: number | undefined;
  value?: number | undefined;
}

/**
 * Says what `protocol[offset:size]` reads: "TCP flags, offset 13, 1 byte: SYN bit".
 * @returns undefined when the offset is computed or the header is not known
 */
export function describeAccess({ protocol, offset, size }: Access, use: AccessUse = {}): string | undefined {
  const header = headerOf(protocol);
  if (header === undefined || offset === undefined) return undefined;
  const touched = header.fields.filter(
    (field) => field.offset < offset + size && offset < field.offset + field.size,
  );
  const what = touched.length === 0 ? 'data' : touched.map(({ name }) => name).join(' and ');
  const where = `offset ${offset}, ${size === 1 ? '1 byte' : `${size} bytes`}`;
  const [only] = touched;
  const exact = touched.length === 1 && only?.offset === offset && only.size === size;
  const piece = touched.length === 1 && !exact ? ' (a part of it)' : '';
  const meaning = exact && only !== undefined ? meaningOf(only, use) : '';
  return `${header.title} ${what}${piece}, ${where}${meaning}`;
}

function meaningOf(field: Field, { mask, value }: AccessUse): string {
  if (mask !== undefined) {
    const names = field.parts?.filter((part) => (part.mask & mask) >>> 0 !== 0) ?? [];
    if (names.length === 0) return `, bits 0x${mask.toString(16)}`;
    const single = names.every((part) => (part.mask & (part.mask - 1)) === 0);
    const suffix = single ? (names.length === 1 ? ' bit' : ' bits') : '';
    return `: ${names.map(({ name }) => name).join(', ')}${suffix}`;
  }
  const name = value === undefined ? undefined : field.values?.[value];
  return name === undefined ? '' : `: ${name}`;
}
