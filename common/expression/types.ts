/** C's types, as far as values have them, and its conversions (ISO C 6.3.1), for kernels of 64 bits. */
import type { LiteralType } from './lexer.ts';

export interface IntType {
  kind: 'int';
  bytes: 1 | 2 | 4 | 8;
  signed: boolean;
  /** As it is shown. */
  name: string;
  /** Any value but 0 becomes 1. */
  isBool?: true;
  /** In memory in network order. Values are in host order, whichever way they came. */
  bigEndian?: true;
  /** Type id of the enum that names its values. */
  enumeration?: number;
}

export type CType =
  | IntType
  | { kind: 'pointer'; to: TypeRef }
  /** A structure or union. */
  | { kind: 'record'; id: number; name: string; bytes: number }
  | { kind: 'array'; element: TypeRef; length: number }
  | { kind: 'void' }
  | { kind: 'function' }
  /** One whose members are not known. */
  | { kind: 'unknown'; name: string };

/** A type, or the number of one in the type information: pointers may lead in circles. */
export type TypeRef = CType | number;

export const INT: IntType = { kind: 'int', bytes: 4, signed: true, name: 'int' };
export const UNSIGNED: IntType = { kind: 'int', bytes: 4, signed: false, name: 'unsigned int' };
export const LONG: IntType = { kind: 'int', bytes: 8, signed: true, name: 'long' };
export const UNSIGNED_LONG: IntType = { kind: 'int', bytes: 8, signed: false, name: 'unsigned long' };

const LITERALS: Record<LiteralType, IntType> = {
  int: INT,
  'unsigned int': UNSIGNED,
  long: LONG,
  'unsigned long': UNSIGNED_LONG,
};

export function literalType(name: LiteralType): IntType {
  return LITERALS[name];
}

/** The integer promotions. @param bits of a bit field, else of the type */
export function promoted(type: IntType, bits = type.bytes * 8): IntType {
  if (bits > 32) return type.signed ? LONG : UNSIGNED_LONG;
  return bits < 32 || type.signed ? INT : UNSIGNED;
}

/** The usual arithmetic conversions, of promoted types. */
export function common(left: IntType, right: IntType): IntType {
  if (left.bytes !== right.bytes) return left.bytes > right.bytes ? left : right;
  return left.signed ? right : left;
}

const BASIC: Readonly<Record<string, Omit<IntType, 'kind' | 'name'>>> = {
  char: { bytes: 1, signed: true },
  'char signed': { bytes: 1, signed: true },
  'char unsigned': { bytes: 1, signed: false },
  short: { bytes: 2, signed: true },
  'short unsigned': { bytes: 2, signed: false },
  int: { bytes: 4, signed: true },
  'int unsigned': { bytes: 4, signed: false },
  long: { bytes: 8, signed: true },
  'long unsigned': { bytes: 8, signed: false },
  _Bool: { bytes: 1, signed: false, isBool: true },
};

/** The type that words like `unsigned long int` name; undefined: none. */
export function basicType(words: readonly string[]): CType | undefined {
  const name = words.join(' ');
  if (name === 'void') return { kind: 'void' };
  const set = new Set(words.map((word) => (word === 'bool' ? '_Bool' : word)));
  if (words.some((word) => word === 'signed') && !set.has('char')) set.delete('signed');
  if (set.size === 0 || (set.has('unsigned') && set.size === 1)) set.add('int');
  if (set.has('short') || set.has('long')) set.delete('int');
  const found = BASIC[[...set].sort().join(' ')];
  return found && { kind: 'int', name, ...found };
}
