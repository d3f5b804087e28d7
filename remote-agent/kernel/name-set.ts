/**
 * A set of function names to look for in the kernel's lists (200,000 lines): asked with bytes, so that no
 * line has to become a string.
 */
export class NameSet {
  /** All names one after the other. */
  readonly #bytes: Buffer;
  /** Where each name begins in #bytes, and at last the end. */
  readonly #starts: Uint32Array;
  /** Open addressing; index of the name + 1, 0: free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;

  constructor(names: readonly string[]) {
    this.#bytes = Buffer.from(names.join(''), 'latin1');
    this.#starts = new Uint32Array(names.length + 1);
    let size = 16;
    while (size < names.length * 4) size *= 2;
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    let start = 0;
    names.forEach((name, index) => {
      const end = start + name.length;
      this.#starts[index + 1] = end;
      let slot = hash(this.#bytes, start, end) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = index + 1;
      start = end;
    });
  }

  /** Index (in the constructor's list; of equal names the first) of the name at data[start, end); −1: none. */
  find(data: Buffer, start: number, end: number): number {
    let slot = hash(data, start, end) & this.#mask;
    for (;;) {
      const index = (this.#slots[slot] ?? 0) - 1;
      if (index < 0 || this.#is(index, data, start, end)) return index;
      slot = (slot + 1) & this.#mask;
    }
  }

  #is(index: number, data: Buffer, start: number, end: number): boolean {
    const from = this.#starts[index] ?? 0;
    if (this.#starts[index + 1] !== from + end - start) return false;
    for (let at = start; at < end; at++) if (data[at] !== this.#bytes[from + at - start]) return false;
    return true;
  }
}

/** FNV-1a, 32 bits. */
function hash(data: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at++) value = Math.imul(value ^ (data[at] ?? 0), 0x01000193);
  // The low bits choose the slot: let the high ones take part.
  return (value ^ (value >>> 15)) >>> 0;
}
