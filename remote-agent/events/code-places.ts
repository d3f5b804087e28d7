/**
 * Names for the places where packets are dropped: a location is an address anywhere in the kernel's code, often
 * in a function that has no packet among its parameters and so is not probed.
 */
import { moduleBuildId } from '../kernel/build-ids.ts';
import type { LiveSymbols } from '../kernel/live-symbols.ts';
import { kernelAddress, type KernelAddress } from '../../common/kernel-address.ts';
import { RINGBUF_HEADER_BYTES, type KernelLocation } from '../../common/protocol.ts';
import { EventKind, EventLayout } from '../../common/layouts.ts';
import { RECORD_STRIDE } from './ring-buffer.ts';

const KIND = RINGBUF_HEADER_BYTES + EventLayout.kind;
const ADDRESS = RINGBUF_HEADER_BYTES + EventLayout.address;

export class CodePlaces {
  readonly #known = new Set<KernelAddress>();

  constructor(private readonly symbols: LiveSymbols) {}

  /**
   * The locations of a batch that were never seen before, with their names.
   * @param frame `headroom` bytes, then whole ring buffer records
   */
  newIn(frame: Buffer, headroom: number): KernelLocation[] {
    const fresh: KernelLocation[] = [];
    for (let at = headroom; at + RECORD_STRIDE <= frame.length; at += RECORD_STRIDE) {
      if (frame[at + KIND] !== EventKind.Drop) continue;
      const address = kernelAddress(frame.readUInt32LE(at + ADDRESS), frame.readUInt32LE(at + ADDRESS + 4));
      if (this.#known.has(address)) continue;
      this.#known.add(address);
      const location = this.locate(address);
      if (location !== undefined) fresh.push(location);
    }
    return fresh;
  }

  private locate(address: KernelAddress): KernelLocation | undefined {
    const location = this.symbols.get().locate(address);
    const buildId = location && location.module !== '' ? moduleBuildId(location.module) : undefined;
    return location && { ...location, ...(buildId !== undefined && { buildId }) };
  }
}
