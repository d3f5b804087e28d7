/**
 * Names for the places in the kernel's code that events tell of besides the probed function: where a packet was
 * dropped, who called. They are addresses anywhere, often in a function that has no packet among its parameters and
 * so is not probed.
 */
import { moduleBuildId } from '../kernel/build-ids.ts';
import type { LiveSymbols } from '../kernel/live-symbols.ts';
import type { SymbolMap } from '../kernel/symbol-map.ts';
import { type KernelAddress, kernelAddressNear } from '../../common/kernel-address.ts';
import { RINGBUF_HEADER_BYTES, recordStride, type KernelLocation } from '../../common/protocol.ts';
import {
  CallerSectionLayout,
  EventExtra,
  EventHeaderLayout,
  EventKind,
  EventSection,
  ExtrasSectionLayout,
  StackSectionLayout,
} from '../../common/layouts.ts';
import type { TakenRecords } from './ring-buffer.ts';

const CPU_KIND = RINGBUF_HEADER_BYTES + EventHeaderLayout.cpuKind;
const PLACE = RINGBUF_HEADER_BYTES + EventHeaderLayout.place;
const SECTIONS = RINGBUF_HEADER_BYTES + EventHeaderLayout.sections;
/** The first section, where it is there. */
const EXTRAS = RINGBUF_HEADER_BYTES + EventHeaderLayout.bytes;

export class CodePlaces {
  /** Low 32 bits. */
  readonly #known = new Set<number>();
  #fresh: KernelLocation[] = [];
  /** Asked once for all that are new in a batch: it looks which modules there are. */
  #symbols: SymbolMap | undefined;

  constructor(private readonly symbols: Pick<LiveSymbols, 'get'>) {}

  /** The places in a batch that were never seen before, with their names. @param headroom bytes before its records */
  newIn({ frame, count }: TakenRecords, headroom: number): KernelLocation[] {
    for (let at = headroom, left = count; left > 0; left--, at += recordStride(frame.readUInt32LE(at))) {
      if (frame.readUInt16LE(at + CPU_KIND) >>> 12 === EventKind.Drop)
        this.#add(frame.readUInt32LE(at + PLACE));
      if ((frame.readUInt16LE(at + SECTIONS) & EventSection.Extras) !== 0) this.#extras(frame, at + EXTRAS);
    }
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#symbols = undefined;
    return fresh;
  }

  #extras(frame: Buffer, start: number): void {
    const extras = frame.readUInt16LE(start + ExtrasSectionLayout.extras);
    let at = start + ExtrasSectionLayout.bytes;
    if ((extras & EventExtra.Caller) !== 0) {
      this.#add(frame.readUInt32LE(at));
      at += CallerSectionLayout.bytes;
    }
    if ((extras & EventExtra.Stack) === 0) return;
    const frames = frame.readUInt32LE(at + StackSectionLayout.frames);
    for (let nth = 0; nth < frames; nth++)
      this.#add(frame.readUInt32LE(at + StackSectionLayout.bytes + 4 * nth));
  }

  #add(place: number): void {
    if (this.#known.has(place)) return;
    this.#known.add(place);
    this.#symbols ??= this.symbols.get();
    const { textStart } = this.#symbols;
    const location = textStart && locate(this.#symbols, kernelAddressNear(place, textStart));
    if (location) this.#fresh.push(location);
  }
}

/** @param address where a call returns to: the call itself is before it, and may be the last thing that a function does */
function locate(symbols: SymbolMap, address: KernelAddress): KernelLocation | undefined {
  const location = symbols.locate(address - 1);
  const buildId = location && location.module !== '' ? moduleBuildId(location.module) : undefined;
  return location && { ...location, address, ...(buildId !== undefined && { buildId }) };
}
