/** Which unit an address is of. */
import { lastUpTo } from '../../tables/last-up-to.ts';
import { ByteReader } from '../byte-reader.ts';
import type { DebugFile } from '../elf/debug-file.ts';
import { contains, type Range, rangesOf } from './ranges.ts';
import { readUnitHeader, Unit, type UnitHeader } from './unit.ts';

interface UnitRange extends Range {
  /** The unit's offset in .debug_info. */
  unit: number;
}

export class UnitIndex {
  private aranges: UnitRange[] | undefined;
  private headers: UnitHeader[] | undefined;
  private ranges: UnitRange[] | undefined;

  constructor(private readonly file: DebugFile) {}

  /** The offset of the unit that has code at an address. */
  find(address: number): number | undefined {
    this.aranges ??= sorted(readAranges(this.file));
    const fast = search(this.aranges, address);
    if (fast !== undefined) return fast;
    // Clang writes no .debug_aranges: ask the units themselves, some microseconds each.
    this.ranges ??= sorted(this.unitRanges());
    return search(this.ranges, address);
  }

  /** The header of the unit that an offset in .debug_info lies in, for references from one unit to another. */
  around(offset: number): UnitHeader | undefined {
    return this.unitHeaders().find(({ at, end }) => offset >= at && offset < end);
  }

  private unitHeaders(): UnitHeader[] {
    if (this.headers === undefined) {
      this.headers = [];
      const size = this.file.section('.debug_info')?.size ?? 0;
      for (let at = 0; at < size; at = this.headers.at(-1)?.end ?? size)
        this.headers.push(readUnitHeader(this.file, at));
    }
    return this.headers;
  }

  private unitRanges(): UnitRange[] {
    const code = this.unitHeaders().filter(({ isCode }) => isCode);
    return code.flatMap((header) => {
      const unit = new Unit(this.file, header);
      return rangesOf(unit, unit.root).map((range) => ({ ...range, unit: header.at }));
    });
  }
}

/** Section .debug_aranges (DWARF 5 standard, 6.1.2). */
function readAranges(file: DebugFile): UnitRange[] {
  const section = file.section('.debug_aranges');
  const ranges: UnitRange[] = [];
  if (section === undefined) return ranges;
  const reader = new ByteReader(section.read(0, section.size));
  while (reader.at < section.size) {
    const start = reader.at;
    const { length, offsetBytes } = reader.initialLength();
    const end = reader.at + length;
    reader.skip(2); // version
    const unit = reader.offset(offsetBytes);
    const addressBytes = reader.u8();
    reader.skip(1); // size of a segment number
    const tuple = 2 * addressBytes;
    reader.at = start + Math.ceil((reader.at - start) / tuple) * tuple;
    while (reader.at + tuple <= end) {
      const low = reader.address(addressBytes);
      const bytes = reader.address(addressBytes);
      if (bytes > 0) ranges.push({ low, high: low + bytes, unit });
    }
    reader.at = end;
  }
  return ranges;
}

function sorted(ranges: UnitRange[]): UnitRange[] {
  return ranges.sort((a, b) => a.low - b.low);
}

function search(ranges: readonly UnitRange[], address: number): number | undefined {
  const found = ranges[lastUpTo(ranges.length, (index) => ranges[index]?.low ?? 0, address)];
  return found !== undefined && contains([found], address) ? found.unit : undefined;
}
