/** Lists of address ranges: .debug_rnglists of DWARF 5 (2.17.3), .debug_ranges before. */
import { ByteReader } from '../byte-reader.ts';
import { Attribute, type Attributes } from './abbreviations.ts';
import type { FormValue } from './forms.ts';
import { offsetOf, type Unit } from './unit.ts';

export interface Range {
  low: number;
  /** The first address behind. */
  high: number;
}

export function contains(ranges: readonly Range[], address: number): boolean {
  return ranges.some(({ low, high }) => address >= low && address < high);
}

/** The largest address, in the 48 bits that we keep: it says that a base address follows. */
const BASE_FOLLOWS = 2 ** 48 - 1;

/** The code of a DIE with these attributes: none, one range, or several. */
export function rangesOf(unit: Unit, attributes: Attributes): Range[] {
  const list = attributes.get(Attribute.ranges);
  if (list !== undefined) return readRanges(unit, list);
  const low = unit.address(attributes.get(Attribute.lowPc));
  const high = attributes.get(Attribute.highPc);
  if (low === undefined || high === undefined) return [];
  const end = high.kind === 'constant' ? low + high.value : unit.address(high);
  return end === undefined ? [] : [{ low, high: end }];
}

function readRanges(unit: Unit, list: FormValue): Range[] {
  const base = unit.address(unit.root.get(Attribute.lowPc)) ?? 0;
  const name = unit.header.version >= 5 ? '.debug_rnglists' : '.debug_ranges';
  const at = list.kind === 'list-index' ? listAt(unit, list.value) : offsetOf(list);
  const section = unit.file.section(name);
  if (section === undefined || at === undefined) return [];
  return section.parse(at, (reader) =>
    unit.header.version >= 5 ? parseLists(reader, unit, base) : parsePairs(reader, unit, base),
  );
}

function listAt(unit: Unit, index: number): number | undefined {
  const { offsetBytes } = unit.header;
  const base = unit.base(Attribute.rnglistsBase, offsetBytes === 8 ? 20 : 12);
  const entry = unit.file.section('.debug_rnglists')?.read(base + index * offsetBytes, offsetBytes);
  return entry && base + new ByteReader(entry).offset(offsetBytes);
}

function parsePairs(reader: ByteReader, unit: Unit, unitBase: number): Range[] {
  const ranges: Range[] = [];
  for (let base = unitBase; ;) {
    const low = reader.address(unit.header.addressBytes);
    const high = reader.address(unit.header.addressBytes);
    if (low === 0 && high === 0) return ranges;
    if (low === BASE_FOLLOWS) base = high;
    else ranges.push({ low: base + low, high: base + high });
  }
}

function parseLists(reader: ByteReader, unit: Unit, unitBase: number): Range[] {
  const ranges: Range[] = [];
  const { addressBytes } = unit.header;
  const indexed = () => unit.indexedAddress(reader.uleb()) ?? 0;
  for (let base = unitBase; ;) {
    let low: number;
    switch (reader.u8()) {
      case 0: // end_of_list
        return ranges;
      case 1: // base_addressx
        base = indexed();
        break;
      case 2: // startx_endx
        low = indexed();
        ranges.push({ low, high: indexed() });
        break;
      case 3: // startx_length
        low = indexed();
        ranges.push({ low, high: low + reader.uleb() });
        break;
      case 4: // offset_pair
        low = base + reader.uleb();
        ranges.push({ low, high: base + reader.uleb() });
        break;
      case 5: // base_address
        base = reader.address(addressBytes);
        break;
      case 6: // start_end
        low = reader.address(addressBytes);
        ranges.push({ low, high: reader.address(addressBytes) });
        break;
      case 7: // start_length
        low = reader.address(addressBytes);
        ranges.push({ low, high: low + reader.uleb() });
        break;
      default:
        return ranges; // an extension, of unknown length
    }
  }
}
