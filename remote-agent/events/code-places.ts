/**
 * Names for the places where packets are dropped: a location is an address anywhere in the kernel's code, often
 * in a function that has no packet among its parameters and so is not probed.
 */
import { moduleBuildId } from '../kernel/build-ids.ts';
import type { LiveSymbols } from '../kernel/live-symbols.ts';
import type { SymbolMap } from '../kernel/symbol-map.ts';
import { type KernelAddress, kernelAddressNear } from '../../common/kernel-address.ts';
import { RINGBUF_HEADER_BYTES, recordStride, type KernelLocation } from '../../common/protocol.ts';
import { EventHeaderLayout, EventKind } from '../../common/layouts.ts';
import type { TakenRecords } from './ring-buffer.ts';

const CPU_KIND = RINGBUF_HEADER_BYTES + EventHeaderLayout.cpuKind;
const PLACE = RINGBUF_HEADER_BYTES + EventHeaderLayout.place;

export class CodePlaces {
  /** Low 32 bits. */
  readonly #known = new Set<number>();

  constructor(private readonly symbols: Pick<LiveSymbols, 'get'>) {}

  /** The locations of a batch that were never seen before, with their names. @param headroom bytes before its records */
  newIn({ frame, count }: TakenRecords, headroom: number): KernelLocation[] {
    const fresh: KernelLocation[] = [];
    // Asked once for all that are new in a batch: it looks which modules there are.
    let symbols: SymbolMap | undefined;
    for (let at = headroom, left = count; left > 0; left--, at += recordStride(frame.readUInt32LE(at))) {
      if (frame.readUInt16LE(at + CPU_KIND) >>> 12 !== EventKind.Drop) continue;
      const place = frame.readUInt32LE(at + PLACE);
      if (this.#known.has(place)) continue;
      this.#known.add(place);
      symbols ??= this.symbols.get();
      const { textStart } = symbols;
      const location = textStart && locate(symbols, kernelAddressNear(place, textStart));
      if (location) fresh.push(location);
    }
    return fresh;
  }
}

function locate(symbols: SymbolMap, address: KernelAddress): KernelLocation | undefined {
  const location = symbols.locate(address);
  const buildId = location && location.module !== '' ? moduleBuildId(location.module) : undefined;
  return location && { ...location, ...(buildId !== undefined && { buildId }) };
}
