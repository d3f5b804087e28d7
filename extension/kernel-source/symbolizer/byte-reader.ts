/** A position in little-endian data, as DWARF (DWARF 5 standard, section 7) lays it out. */
export class ByteReader {
  constructor(
    readonly data: Buffer,
    public at = 0,
  ) {}

  u8(): number {
    return this.data.readUInt8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.data.readUInt16LE(this.at - 2);
  }

  u24(): number {
    this.at += 3;
    return this.data.readUIntLE(this.at - 3, 3);
  }

  u32(): number {
    this.at += 4;
    return this.data.readUInt32LE(this.at - 4);
  }

  /** Exact below 2^53, as all sizes and offsets are. */
  u64(): number {
    const low = this.u32();
    return this.u32() * 2 ** 32 + low;
  }

  /** The low 48 bits of an address; the rest is sign extension. */
  address(bytes: number): number {
    if (bytes !== 8) return this.u32();
    this.at += 8;
    return this.data.readUIntLE(this.at - 8, 6);
  }

  i8(): number {
    return this.data.readInt8(this.at++);
  }

  uleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  sleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte & 0x40 ? value - factor * 128 : value;
    }
  }

  /** A string that ends with a zero byte. */
  text(): string {
    const end = this.data.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a string without end');
    const text = this.data.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  skipText(): void {
    const end = this.data.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a string without end');
    this.at = end + 1;
  }

  skipLeb(): void {
    while (this.u8() >= 0x80);
  }

  /** An offset of 4 or 8 bytes, by the format of its unit. */
  offset(bytes: number): number {
    return bytes === 8 ? this.u64() : this.u32();
  }

  /** A length that says which format follows: 32-bit, or 64-bit after an escape. */
  initialLength(): { length: number; offsetBytes: 4 | 8 } {
    const length = this.u32();
    return length === 0xffffffff ? { length: this.u64(), offsetBytes: 8 } : { length, offsetBytes: 4 };
  }
}
