import { addressAt, eachFunction, NAME_AT, nameAt, scanSymbols } from './kallsyms.ts';
import { kernelAddressOf, type KernelAddress } from '../../common/kernel-address.ts';
import type { KernelLocation, Neighbourhood } from '../../common/protocol.ts';

/** Symbols to each side whose files say in which file a function is; the linker keeps those of a file together. */
const REACH = 6;

/** Symbols of the bytes before a function (CONFIG_CALL_PADDING, kCFI). */
const PADDING = ['__pfx_', '__cfi_'].map((prefix) => Buffer.from(prefix));

interface Order {
  /** Ascending. */
  addresses: Float64Array;
  /** Where the line of each begins in the text. */
  lines: Uint32Array;
}

/** The kernel's functions in the order of their addresses. */
export class SymbolMap {
  #order: Order | undefined;
  #textStart: KernelAddress | null | undefined;

  /** @param text the contents of /proc/kallsyms, in no order, or only its functions; kept, and sorted when first asked */
  constructor(private readonly text: Buffer) {}

  /** Where the kernel's own code begins (`_stext`); undefined where kallsyms does not tell. */
  get textStart(): KernelAddress | undefined {
    if (this.#textStart === undefined) {
      const [symbol] = scanSymbols(this.text, ['_stext']);
      this.#textStart = symbol === undefined ? null : kernelAddressOf(symbol.address);
    }
    return this.#textStart ?? undefined;
  }

  /** The function that an address lies in: the one that begins last at or before it; undefined: it lies before all. */
  locate(address: KernelAddress): KernelLocation | undefined {
    const at = this.#find(address);
    if (at < 0) return undefined;
    const start = this.#sorted.addresses[at] ?? 0;
    const { name, module } = this.#name(at);
    const distance = this.#distance(at);
    const neighbours = [...this.#near(at, -1), ...this.#near(at, 1)].map((near) => this.#name(near).name);
    return { address, start, name, module, ...(distance > 0 && { distance }), neighbours };
  }

  /** What lies around functions. @param addresses where they begin */
  neighbourhood(addresses: readonly KernelAddress[]): Neighbourhood {
    const found = addresses.map((address) => this.#find(address));
    const kept = new Set(found.flatMap((at) => [...this.#near(at, -1), at, ...this.#near(at, 1)]));
    const names: string[] = [];
    const positions = new Map<number, number>();
    let before: number | undefined;
    for (const at of [...kept].filter((each) => each >= 0).sort((a, b) => a - b)) {
      if (before !== undefined && !this.#near(before, 1).includes(at)) names.push('');
      before = at;
      positions.set(at, names.push(this.#name(at).name) - 1);
    }
    return {
      names,
      positions: found.map((at) => positions.get(at) ?? -1),
      distances: found.map((at) => (at < 0 ? 0 : this.#distance(at))),
    };
  }

  /** The first of the symbols that begin last at or before an address; -1: there is none. */
  #find(address: KernelAddress): number {
    const { addresses } = this.#sorted;
    let [low, high] = [0, addresses.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((addresses[middle] ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    let at = low - 1;
    while (at > 0 && addresses[at - 1] === addresses[at]) at--;
    return at;
  }

  /** Bytes to the next symbol; 0 for the last one. */
  #distance(at: number): number {
    const start = this.#sorted.addresses[at] ?? 0;
    let next = at + 1;
    while (this.#sorted.addresses[next] === start) next++;
    return (this.#sorted.addresses[next] ?? start) - start;
  }

  /** Functions of the same module to one side, nearest first. */
  #near(at: number, step: 1 | -1): number[] {
    const near: number[] = [];
    if (at < 0) return near;
    const { module } = this.#name(at);
    for (let other = at + step; near.length < REACH; other += step) {
      if (other < 0 || other >= this.#sorted.lines.length || this.#name(other).module !== module) break;
      if (!this.#isPadding(other)) near.push(other);
    }
    return near;
  }

  #isPadding(at: number): boolean {
    const start = (this.#sorted.lines[at] ?? 0) + NAME_AT;
    return PADDING.some((prefix) => this.text.subarray(start, start + prefix.length).equals(prefix));
  }

  #name(at: number): { name: string; module: string } {
    return nameAt(this.text, this.#sorted.lines[at] ?? 0);
  }

  get #sorted(): Order {
    return (this.#order ??= sortSymbols(this.text));
  }
}

function sortSymbols(text: Buffer): Order {
  const addresses: number[] = [];
  const lines: number[] = [];
  eachFunction(text, (line) => {
    addresses.push(addressAt(text, line));
    lines.push(line);
  });
  // Modules come in the order in which they were loaded, their symbols in that of their tables.
  const order = Uint32Array.from(lines.keys()).sort(
    (a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0) || a - b,
  );
  return {
    addresses: Float64Array.from(order, (at) => addresses[at] ?? 0),
    lines: Uint32Array.from(order, (at) => lines[at] ?? 0),
  };
}
