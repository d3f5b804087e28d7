/**
 * Gives equal records of a few 32-bit words the same small number, so that an event needs four bytes for a
 * thing that thousands of events share: its flow, its task, its function. An open-addressing hash table in
 * typed arrays: no object and no string an event.
 */
import { hashWords } from './keyed-hash.ts';

export class InternTable {
  /** Numbers of records are below this; they are given out in order of appearance, and again after a sweep. */
  size = 0;
  /** Slots that were looked at so far: what the table costs. */
  probes = 0;
  #records: Uint32Array<ArrayBuffer>;
  /** By record: to make room and to compare without hashing again. */
  #hashes = new Uint32Array(512);
  /** Record number + 1, 0 where free; always a power of two long and at most half full. */
  #slots = new Uint32Array(1024);
  /** Records that a sweep let go. */
  #free: number[] = [];

  constructor(readonly width: number) {
    this.#records = new Uint32Array(512 * width);
  }

  /** Records that there are. */
  get used(): number {
    return this.size - this.#free.length;
  }

  /** The number of the record of `width` words at `source[at]`. */
  intern(source: Uint32Array, at: number): number {
    const mask = this.#slots.length - 1;
    const hash = hashWords(source, at, this.width) >>> 0;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] ?? 0;
      this.probes++;
      if (entry === 0) break;
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, source, at)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    return this.#add(source, at, hash, slot);
  }

  /** One word of a record. */
  word(record: number, index: number): number {
    return this.#records[record * this.width + index] ?? 0;
  }

  /** The bytes of a record, as they were in memory; valid until the next `intern`. */
  bytes(record: number, firstWord = 0, words = this.width - firstWord): Uint8Array {
    const offset = this.#records.byteOffset + (record * this.width + firstWord) * 4;
    return new Uint8Array(this.#records.buffer, offset, words * 4);
  }

  /**
   * Lets records go; their numbers are given out again.
   * @param held by record: not 0 where something still has its number
   * @param free called for each that is let go
   */
  sweep(held: Uint8Array, free: (record: number) => void): void {
    const gone = new Uint8Array(this.size);
    for (const record of this.#free) gone[record] = 1;
    for (let record = 0; record < this.size; record++) {
      if (held[record] !== 0 || gone[record] !== 0) continue;
      gone[record] = 1;
      this.#free.push(record);
      free(record);
    }
    this.#fill(new Uint32Array(this.#slots.length), gone);
  }

  #equals(record: number, source: Uint32Array, at: number): boolean {
    const start = record * this.width;
    for (let i = 0; i < this.width; i++) {
      if (this.#records[start + i] !== source[at + i]) return false;
    }
    return true;
  }

  #add(source: Uint32Array, at: number, hash: number, slot: number): number {
    const record = this.#free.pop() ?? this.size++;
    const start = record * this.width;
    if (start === this.#records.length) {
      this.#records = doubled(this.#records);
      this.#hashes = doubled(this.#hashes);
    }
    for (let i = 0; i < this.width; i++) this.#records[start + i] = source[at + i] ?? 0;
    this.#hashes[record] = hash;
    this.#slots[slot] = record + 1;
    // Without free records, or a sweep would have made room: every number below `size` is in use.
    if (this.used * 2 > this.#slots.length)
      this.#fill(new Uint32Array(this.#slots.length * 2), new Uint8Array());
    return record;
  }

  /** Puts every record that is not gone into other slots. */
  #fill(slots: Uint32Array<ArrayBuffer>, gone: Uint8Array): void {
    const mask = slots.length - 1;
    for (let record = 0; record < this.size; record++) {
      if (gone[record] === 1) continue;
      let slot = (this.#hashes[record] ?? 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = record + 1;
    }
    this.#slots = slots;
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
