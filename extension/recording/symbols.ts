/** Names that the agent sent: when the probes were armed, when modules came, and for each new place of a drop. */
import { formatKernelAddress, type KernelAddress, kernelAddressNear } from '../../common/kernel-address.ts';
import type { Attached, KernelLocation, ProbedFunction } from '../../common/protocol.ts';
import { xdpDropReason } from './verdicts.ts';

const TWO_32 = 2 ** 32;

export class Symbols {
  // By the low 32 bits of the address, which is what events carry.
  readonly #functions = new Map<number, ProbedFunction>();
  readonly #locations = new Map<number, KernelLocation>();
  readonly #dropReasons = new Map<number, string>();

  constructor(attached: Pick<Attached, 'functions' | 'dropReasons'>) {
    this.add(attached);
  }

  /** What is probed besides, and what more the target has names for. */
  add({ functions, dropReasons }: Pick<Attached, 'functions' | 'dropReasons'>): void {
    for (const probed of functions) this.#functions.set(probed.address % TWO_32, probed);
    for (const { value, name } of dropReasons) this.#dropReasons.set(value, name);
  }

  /** The function probed at exactly this place, the low 32 bits of an address. */
  function(place: number): ProbedFunction | undefined {
    return this.#functions.get(place);
  }

  addLocations(locations: readonly KernelLocation[]): void {
    for (const location of locations) this.#locations.set(location.address % TWO_32, location);
  }

  /** The place of a drop. */
  location(place: number): KernelLocation | undefined {
    return this.#locations.get(place);
  }

  /** A place without a name. */
  text(place: number): string {
    return formatKernelAddress(this.address(place));
  }

  /** The whole address of a place. */
  address(place: number): KernelAddress {
    const known = this.#functions.get(place) ?? this.#locations.get(place);
    if (known !== undefined) return known.address;
    const [near] = this.#functions.values();
    return near === undefined ? place : kernelAddressNear(place, near.address);
  }

  /** A reason's name, its number where the target has names and none for it, undefined where it has none at all. */
  dropReason(value: number): string | undefined {
    const ofXdp = xdpDropReason(value);
    if (ofXdp !== undefined) return ofXdp;
    if (this.#dropReasons.size === 0) return undefined;
    return this.#dropReasons.get(value) ?? String(value);
  }
}
