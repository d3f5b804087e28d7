/** Numbers a chunk holds, as a power of two. */
const CHUNK_BITS = 16;
const IN_CHUNK = (1 << CHUNK_BITS) - 1;

/** A column of unsigned 32-bit numbers that grows at its end, in chunks: nothing is copied. */
export class U32Vector {
  private readonly chunks: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    this.set(this.length, value);
  }

  /** Past the end too: what was not set is 0. */
  set(index: number, value: number): void {
    const chunk = (this.chunks[index >>> CHUNK_BITS] ??= new Uint32Array(IN_CHUNK + 1));
    chunk[index & IN_CHUNK] = value;
    if (index >= this.length) this.length = index + 1;
  }

  get(index: number): number {
    return this.chunks[index >>> CHUNK_BITS]?.[index & IN_CHUNK] ?? 0;
  }

  truncate(length: number): void {
    this.length = length;
  }
}
