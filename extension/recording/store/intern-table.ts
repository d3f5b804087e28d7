/**
 * Gives equal records of a few 32-bit words the same small number, so that an event needs four bytes for a
 * thing that thousands of events share: its flow, its task, its function. An open-addressing hash table in
 * typed arrays: no object and no string an event.
 */
export class InternTable {
  /** Number of distinct records; they are numbered 0 … size − 1 in order of appearance. */
  size = 0;
  #records: Uint32Array;
  /** Record number + 1, 0 where free; always a power of two long and at most half full. */
  #slots = new Uint32Array(1024);

  constructor(readonly width: number) {
    this.#records = new Uint32Array(512 * width);
  }

  /** The number of the record of `width` words at `source[at]`. */
  intern(source: Uint32Array, at: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(source, at) & mask;
    for (;;) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) break;
      if (this.#equals(entry - 1, source, at)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    return this.#add(source, at, slot);
  }

  /** One word of a record. */
  word(record: number, index: number): number {
    return this.#records[record * this.width + index] ?? 0;
  }

  /** The bytes of a record, as they were in memory; valid until the next `intern`. */
  bytes(record: number, firstWord = 0, words = this.width): Uint8Array {
    const offset = this.#records.byteOffset + (record * this.width + firstWord) * 4;
    return new Uint8Array(this.#records.buffer, offset, words * 4);
  }

  #hash(source: Uint32Array, at: number): number {
    let hash = 0x9e3779b9;
    for (let i = 0; i < this.width; i++) {
      hash = Math.imul(hash ^ (source[at + i] ?? 0), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash ^ (hash >>> 13);
  }

  #equals(record: number, source: Uint32Array, at: number): boolean {
    const start = record * this.width;
    for (let i = 0; i < this.width; i++) {
      if (this.#records[start + i] !== source[at + i]) return false;
    }
    return true;
  }

  #add(source: Uint32Array, at: number, slot: number): number {
    const record = this.size++;
    const start = record * this.width;
    if (start === this.#records.length) this.#records = doubled(this.#records);
    for (let i = 0; i < this.width; i++) this.#records[start + i] = source[at + i] ?? 0;
    this.#slots[slot] = record + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return record;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let record = 0; record < this.size; record++) {
      let slot = this.#hash(this.#records, record * this.width) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = record + 1;
    }
    this.#slots = slots;
  }
}

function doubled(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
