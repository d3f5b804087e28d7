/** Names that the agent sent: once, when the probes were armed, and for each new place of a drop. */
import type { KernelAddress } from '../../common/kernel-address.ts';
import type { Attached, KernelLocation, ProbedFunction } from '../../common/protocol.ts';

export class Symbols {
  readonly #functions = new Map<KernelAddress, ProbedFunction>();
  readonly #locations = new Map<KernelAddress, KernelLocation>();
  readonly #dropReasons = new Map<number, string>();
  readonly #devices = new Map<string, string>();

  constructor(attached: Pick<Attached, 'functions' | 'dropReasons' | 'devices'>) {
    for (const probed of attached.functions) this.#functions.set(probed.address, probed);
    for (const { value, name } of attached.dropReasons) this.#dropReasons.set(value, name);
    for (const { netns, ifindex, name } of attached.devices) this.#devices.set(`${netns}/${ifindex}`, name);
  }

  /** The function probed at exactly this address. */
  function(address: KernelAddress): ProbedFunction | undefined {
    return this.#functions.get(address);
  }

  addLocations(locations: readonly KernelLocation[]): void {
    for (const location of locations) this.#locations.set(location.address, location);
  }

  /** The place of a drop. */
  location(address: KernelAddress): KernelLocation | undefined {
    return this.#locations.get(address);
  }

  /** A reason's name, its number where the target has names and none for it, undefined where it has none at all. */
  dropReason(value: number): string | undefined {
    if (this.#dropReasons.size === 0) return undefined;
    return this.#dropReasons.get(value) ?? String(value);
  }

  /** Values of enum skb_drop_reason with which the kernel says that nothing was dropped. */
  isDrop(value: number): boolean {
    return !/^(SKB_)?(CONSUMED|NOT_DROPPED_YET)$/.test(this.#dropReasons.get(value) ?? '');
  }

  device(netns: number, ifindex: number): string | undefined {
    return this.#devices.get(`${netns}/${ifindex}`);
  }
}
