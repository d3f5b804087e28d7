import type { StringColumns } from './string-table.ts';
import { U32Vector } from './u32-vector.ts';

/** Part of the hash table that may be in use. */
const LOAD_MAX = 0.6;

/** Texts by number, each once. Latin-1, in bytes: as strings in a Map they take four times the memory. */
export class StringInterner {
  private bytes = Buffer.alloc(1 << 16);
  private used = 0;
  /** Where each text ends. */
  private readonly ends = new U32Vector();
  /** Open addressing: the number of a text plus one; 0: free. */
  private slots = new Uint32Array(1 << 12);

  get length(): number {
    return this.ends.length;
  }

  intern(text: string): number {
    const slot = this.slotOf(text);
    const known = this.slots[slot] ?? 0;
    if (known !== 0) return known - 1;
    this.slots[slot] = this.length + 1;
    this.append(text);
    if (this.length > this.slots.length * LOAD_MAX) this.rehash();
    return this.length - 1;
  }

  /** The number of a text that has one. */
  find(text: string): number | undefined {
    const known = this.slots[this.slotOf(text)] ?? 0;
    return known === 0 ? undefined : known - 1;
  }

  text(number: number): string {
    return this.bytes.toString('latin1', this.start(number), this.ends.get(number));
  }

  /** All numbers in the order of their texts. */
  sorted(): Uint32Array {
    const order = numbers(this.length);
    this.sort(order, 0, order.length, 0);
    return order;
  }

  columns(order: Uint32Array = numbers(this.length)): StringColumns {
    const bytes = new Uint8Array(this.used);
    const offsets = new Uint32Array(order.length + 1);
    let to = 0;
    order.forEach((number, index) => {
      const end = this.ends.get(number);
      for (let at = this.start(number); at < end; at++) bytes[to++] = this.bytes[at] ?? 0;
      offsets[index + 1] = to;
    });
    return { bytes, offsets };
  }

  private start(number: number): number {
    return number === 0 ? 0 : this.ends.get(number - 1);
  }

  /** The slot that has a text, or the free one for it. */
  private slotOf(text: string): number {
    let hash = 0;
    for (let at = 0; at < text.length; at++) hash = mixed(hash, text.charCodeAt(at));
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let number = this.slots[slot] ?? 0; number !== 0; number = this.slots[slot] ?? 0) {
      if (this.is(number - 1, text)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private is(number: number, text: string): boolean {
    const start = this.start(number);
    if (this.ends.get(number) - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (this.bytes[start + at] !== text.charCodeAt(at)) return false;
    return true;
  }

  private append(text: string): void {
    if (this.used + text.length > this.bytes.length) {
      const larger = Buffer.alloc(Math.ceil((this.used + text.length) * 1.5));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    for (let at = 0; at < text.length; at++) this.bytes[this.used++] = text.charCodeAt(at);
    this.ends.push(this.used);
  }

  private rehash(): void {
    this.slots = new Uint32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let number = 0, at = 0; number < this.length; number++) {
      let hash = 0;
      for (const end = this.ends.get(number); at < end; at++) hash = mixed(hash, this.bytes[at] ?? 0);
      let slot = hash & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = number + 1;
    }
  }

  /** Multikey quicksort (Bentley and Sedgewick, 1997): the texts of the range are alike before `depth`. */
  private sort(order: Uint32Array, from: number, to: number, depth: number): void {
    while (to - from > 1) {
      const pivot = this.byteOf(order[(from + to) >>> 1]!, depth);
      let less = from;
      let greater = to;
      for (let at = from; at < greater;) {
        const byte = this.byteOf(order[at]!, depth);
        if (byte < pivot) swap(order, less++, at++);
        else if (byte > pivot) swap(order, at, --greater);
        else at++;
      }
      this.sort(order, from, less, depth);
      this.sort(order, greater, to, depth);
      if (pivot < 0) return;
      [from, to, depth] = [less, greater, depth + 1];
    }
  }

  /** -1 past the end. */
  private byteOf(number: number, depth: number): number {
    const at = this.start(number) + depth;
    return at < this.ends.get(number) ? (this.bytes[at] ?? 0) : -1;
  }
}

/** One step of FNV-1a, with the high bits mixed into the low ones that the table uses. */
function mixed(hash: number, byte: number): number {
  const product = Math.imul(hash ^ byte, 0x01000193);
  return product ^ (product >>> 15);
}

function numbers(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, number) => number);
}

function swap(order: Uint32Array, a: number, b: number): void {
  const value = order[a]!;
  order[a] = order[b]!;
  order[b] = value;
}
