/** Functions that were inlined at an address: DW_TAG_inlined_subroutine (DWARF 5 standard, 3.3.8). */
import type { ByteReader } from '../byte-reader.ts';
import { type Abbreviation, type Attributes, Tag } from './abbreviations.ts';
import { contains, type Range, rangesOf } from './ranges.ts';
import type { Unit } from './unit.ts';

/** A function with code of its own. */
export interface UnitFunction {
  /** Of its DIE, from the unit's begin. */
  at: number;
  ranges: Range[];
}

/** Every function of a unit that has code. */
export function unitFunctions(unit: Unit): UnitFunction[] {
  const functions: UnitFunction[] = [];
  const reader = unit.reader(unit.header.dies);
  const end = unit.header.end - unit.header.at;
  unit.abbreviation(reader)?.skip(reader);
  while (reader.at < end) {
    const at = reader.at;
    const abbreviation = unit.abbreviation(reader);
    if (abbreviation === undefined) continue;
    const start = reader.at;
    const sibling = abbreviation.skip(reader);
    if (abbreviation.tag === Tag.subprogram) {
      const next = reader.at;
      reader.at = start;
      const ranges = rangesOf(unit, abbreviation.read(reader));
      if (ranges.length > 0) functions.push({ at, ranges });
      reader.at = next;
    }
    // What is inside of types and functions is no function, but a namespace (Rust) has them.
    if (sibling !== undefined && abbreviation.tag !== Tag.namespace) reader.at = sibling;
  }
  return functions;
}

/** The function's DIE, then those inlined into each other at the address, outermost first. */
export function inlineChain(unit: Unit, fn: UnitFunction, address: number): Attributes[] {
  const reader = unit.reader(fn.at);
  const abbreviation = unit.abbreviation(reader);
  if (abbreviation === undefined) return [];
  const chain = [abbreviation.read(reader)];
  if (abbreviation.hasChildren) descend(unit, reader, address, chain);
  return chain;
}

/** Looks through a list of siblings; true when the address was in one of them. */
function descend(unit: Unit, reader: ByteReader, address: number, chain: Attributes[]): boolean {
  for (;;) {
    const abbreviation = unit.abbreviation(reader);
    if (abbreviation === undefined) return false;
    const { tag } = abbreviation;
    if (tag !== Tag.inlinedSubroutine && tag !== Tag.lexicalBlock) {
      skipTree(unit, reader, abbreviation);
      continue;
    }
    const start = reader.at;
    const attributes = abbreviation.read(reader);
    const ranges = rangesOf(unit, attributes);
    const inside = contains(ranges, address);
    if (tag === Tag.inlinedSubroutine && inside) chain.push(attributes);
    // A block whose variables the compiler moved away has no range of its own.
    if (inside || (tag === Tag.lexicalBlock && ranges.length === 0)) {
      if (abbreviation.hasChildren && descend(unit, reader, address, chain)) return true;
      if (inside) return true;
    } else {
      reader.at = start;
      skipTree(unit, reader, abbreviation);
    }
  }
}

/** Passes over a DIE, whose code was read, and all below it. */
function skipTree(unit: Unit, reader: ByteReader, abbreviation: Abbreviation): void {
  const sibling = abbreviation.skip(reader);
  if (!abbreviation.hasChildren) return;
  if (sibling !== undefined) {
    reader.at = sibling;
    return;
  }
  for (let depth = 1; depth > 0;) {
    const child = unit.abbreviation(reader);
    if (child === undefined) {
      depth--;
      continue;
    }
    const next = child.skip(reader);
    if (!child.hasChildren) continue;
    if (next !== undefined) reader.at = next;
    else depth++;
  }
}
