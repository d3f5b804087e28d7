/**
 * Tables of a million strings and numbers as typed arrays, which cost little memory and pass between threads. They
 * grow in string-interner.ts and u32-vector.ts and are read here: read this file first.
 */

/** Texts one after the other, and where each begins. */
export interface StringColumns {
  bytes: Uint8Array;
  offsets: Uint32Array;
}

/** Many texts in one buffer: no string objects stay in memory. Latin-1. */
export class StringTable {
  private readonly bytes: Buffer;
  private readonly offsets: Uint32Array;

  constructor({ bytes, offsets }: StringColumns) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offsets = offsets;
  }

  static columns(texts: readonly string[]): StringColumns {
    const offsets = new Uint32Array(texts.length + 1);
    texts.forEach((text, index) => (offsets[index + 1] = (offsets[index] ?? 0) + text.length));
    // Not from Node's pool of small buffers: the memory is handed to another thread.
    const bytes = Buffer.from(new ArrayBuffer(offsets[texts.length] ?? 0));
    texts.forEach((text, index) => bytes.write(text, offsets[index] ?? 0, 'latin1'));
    return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), offsets };
  }

  get length(): number {
    return this.offsets.length - 1;
  }

  at(index: number): string {
    return this.bytes.toString('latin1', this.offsets[index] ?? 0, this.offsets[index + 1] ?? 0);
  }

  /** Where a text is in a table that is sorted by bytes; undefined when it is not there. */
  find(text: string): number | undefined {
    const wanted = Buffer.from(text, 'latin1');
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const start = this.offsets[middle] ?? 0;
      const end = this.offsets[middle + 1] ?? 0;
      const order = this.bytes.compare(wanted, 0, wanted.length, start, end);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
