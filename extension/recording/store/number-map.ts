import { hashWords } from './keyed-hash.ts';

/** No value. */
export const ABSENT = 0xffff_ffff;

/** From 32-bit numbers to 32-bit numbers; an open-addressing hash table, so nothing is allocated an entry. */
export class NumberMap {
  size = 0;
  #keys = new Uint32Array(64);
  /** ABSENT where free; always a power of two long and at most half full. */
  #values = new Uint32Array(64).fill(ABSENT);
  readonly #word = new Uint32Array(1);

  /** ABSENT: there is none. */
  get(key: number): number {
    return this.#values[this.#slotOf(key)] ?? ABSENT;
  }

  set(key: number, value: number): void {
    const slot = this.#slotOf(key);
    const isNew = this.#values[slot] === ABSENT;
    this.#keys[slot] = key;
    this.#values[slot] = value;
    if (isNew && ++this.size * 2 > this.#keys.length) this.#grow();
  }

  delete(key: number): void {
    let hole = this.#slotOf(key);
    if (this.#values[hole] === ABSENT) return;
    this.size--;
    this.#values[hole] = ABSENT;
    // What was put behind it for want of its own slot moves up, or it would not be found any more.
    const mask = this.#keys.length - 1;
    for (let slot = (hole + 1) & mask; this.#values[slot] !== ABSENT; slot = (slot + 1) & mask) {
      const home = this.#home(this.#keys[slot] ?? 0);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#keys[hole] = this.#keys[slot] ?? 0;
      this.#values[hole] = this.#values[slot] ?? ABSENT;
      this.#values[slot] = ABSENT;
      hole = slot;
    }
  }

  #home(key: number): number {
    this.#word[0] = key;
    return hashWords(this.#word, 0, 1) & (this.#keys.length - 1);
  }

  /** Where a key is, or the free slot where it would be. */
  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = this.#home(key);
    while (this.#values[slot] !== ABSENT && this.#keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(keys.length * 2);
    this.#values = new Uint32Array(keys.length * 2).fill(ABSENT);
    for (const [slot, value] of values.entries()) {
      if (value === ABSENT) continue;
      const to = this.#slotOf(keys[slot] ?? 0);
      this.#keys[to] = keys[slot] ?? 0;
      this.#values[to] = value;
    }
  }
}
