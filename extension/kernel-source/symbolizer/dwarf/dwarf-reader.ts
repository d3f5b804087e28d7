/**
 * DWARF 2 to 5, of which only the unit of an address is read. A debug file and an address come in; lines and the
 * functions inlined there go out. Read this file first: unit-index.ts finds the unit, unit.ts and abbreviations.ts
 * read its tree, line-table.ts its lines, inline-chain.ts the functions.
 */
import type { DebugFile } from '../elf/debug-file.ts';
import { isUnreadable } from '../errors.ts';
import type { RawFrame, Resolver } from '../resolver.ts';
import { Attribute, type Attributes } from './abbreviations.ts';
import { inlineChain, type UnitFunction, unitFunctions } from './inline-chain.ts';
import { LineTable } from './line-table.ts';
import { contains } from './ranges.ts';
import { UnitIndex } from './unit-index.ts';
import { offsetOf, readUnitHeader, Unit } from './unit.ts';

/** Units kept after use: the next packet's places are in the same few files. A unit is some 2 MB. */
const UNITS_KEPT = 12;
/** A name is at most an instance, a definition and a declaration away. */
const REFERENCES_MAX = 8;

/** No more than this can precede a function's own code; two instructions in arm64 kernels. */
const PATCH_AREA_BYTES = 16;

interface LoadedUnit {
  unit: Unit;
  lines: LineTable | undefined;
  functions: UnitFunction[];
}

/** Our own reader of DWARF 2 to 5: finds the unit of an address and reads no other. */
export class DwarfReader implements Resolver {
  private readonly index: UnitIndex;
  /** In order of their last use. */
  private readonly units = new Map<number, LoadedUnit>();

  constructor(private readonly file: DebugFile) {
    this.index = new UnitIndex(file);
  }

  /**
   * The source lines of an address in the file, innermost first; none when nothing is known about it.
   * @throws LinesError or RangeError when the debug information is damaged or of a kind that is not read
   */
  resolve(address: number): RawFrame[] {
    const at = this.index.find(address);
    if (at === undefined) return [];
    const { unit, lines, functions } = this.load(at);
    const place = lines?.find(address);
    if (lines === undefined || place === undefined) return [];
    const fn = functions.find(({ ranges }) => contains(ranges, address));
    // Code in assembler has lines but no functions.
    if (fn === undefined) return [{ function: undefined, ...place }];
    const frames: RawFrame[] = [];
    let { file, line } = place;
    for (const attributes of inlineChain(unit, fn, address).reverse()) {
      frames.push({ function: this.name(unit, attributes), file, line });
      file = lines.file(constant(attributes, Attribute.callFile)) ?? '';
      line = constant(attributes, Attribute.callLine);
    }
    return frames;
  }

  /**
   * The lines, from 1, at which the functions of `resolve` are defined, in their order; 0 where it is not said, none
   * where nothing can be read.
   */
  declaredLines(address: number): number[] {
    try {
      const at = this.index.find(address);
      if (at === undefined) return [];
      const { unit, functions } = this.load(at);
      const fn = functions.find(({ ranges }) => contains(ranges, address));
      const chain = fn === undefined ? [] : inlineChain(unit, fn, address).reverse();
      const lineOf = (_: Unit, attributes: Attributes) =>
        constant(attributes, Attribute.declLine) || undefined;
      return chain.map((attributes) => this.described(unit, attributes, lineOf) ?? 0);
    } catch (error) {
      if (!isUnreadable(error)) throw error; // a tool may still read it
      return [];
    }
  }

  /**
   * Where the code of a function begins that has its symbol at `start`. For arm64 GCC counts the no-ops that the
   * function tracer patches (-fpatchable-function-entry) to no function, and to the line before them.
   */
  skipPatchArea(start: number): number {
    try {
      for (let address = start; address <= start + PATCH_AREA_BYTES; address++)
        if (this.hasFunction(address)) return address;
    } catch (error) {
      if (!isUnreadable(error)) throw error; // a tool may still read it
    }
    return start;
  }

  private hasFunction(address: number): boolean {
    const at = this.index.find(address);
    return at !== undefined && this.load(at).functions.some(({ ranges }) => contains(ranges, address));
  }

  private load(at: number): LoadedUnit {
    let loaded = this.units.get(at);
    if (loaded === undefined) {
      const unit = new Unit(this.file, readUnitHeader(this.file, at));
      const table = offsetOf(unit.root.get(Attribute.stmtList));
      const lines = table === undefined ? undefined : LineTable.read(unit, table);
      loaded = { unit, lines, functions: unitFunctions(unit) };
    }
    this.units.delete(at);
    this.units.set(at, loaded);
    for (const oldest of this.units.keys()) {
      if (this.units.size <= UNITS_KEPT) break;
      this.units.delete(oldest);
    }
    return loaded;
  }

  private name(unit: Unit, attributes: Attributes): string | undefined {
    return this.described(unit, attributes, (at, found) => at.text(found.get(Attribute.name)));
  }

  /** What a DIE or, where it does not say, the one that it is an instance or the definition of says. */
  private described<T>(
    unit: Unit,
    attributes: Attributes,
    read: (unit: Unit, attributes: Attributes) => T | undefined,
  ): T | undefined {
    for (let count = 0; count < REFERENCES_MAX; count++) {
      const found = read(unit, attributes);
      if (found !== undefined) return found;
      const reference = attributes.get(Attribute.abstractOrigin) ?? attributes.get(Attribute.specification);
      if (reference?.kind === 'unit-reference') attributes = unit.attributesAt(reference.value);
      else if (reference?.kind === 'section-reference') {
        const header = this.index.around(reference.value);
        if (header === undefined) return undefined;
        unit = new Unit(this.file, header);
        attributes = unit.attributesAt(reference.value - header.at);
      } else return undefined;
    }
    return undefined;
  }
}

function constant(attributes: Attributes, attribute: number): number {
  const value = attributes.get(attribute);
  return value?.kind === 'constant' ? value.value : 0;
}
