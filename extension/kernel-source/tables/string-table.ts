import type { TextColumns } from '../index/columns.ts';

/** Many texts in one buffer: no string objects stay in memory. Latin-1. */
export class TextTable {
  private readonly bytes: Buffer;

  constructor(
    bytes: Uint8Array,
    private readonly offsets: Uint32Array,
  ) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  static columns(texts: readonly string[]): TextColumns {
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

  /** Whether a text contains bytes. */
  includes(index: number, wanted: Buffer): boolean {
    const start = this.offsets[index] ?? 0;
    const end = this.offsets[index + 1] ?? 0;
    return this.bytes.subarray(start, end).includes(wanted);
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
