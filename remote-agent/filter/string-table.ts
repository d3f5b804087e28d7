/** NUL-terminated strings named by their offset, as ELF and BTF keep them; offset 0 is the empty string. */
export class StringTable {
  private text = '\0';
  private readonly offsets = new Map<string, number>([['', 0]]);

  /** The offset of an ASCII string, added if new. */
  add(value: string): number {
    let offset = this.offsets.get(value);
    if (offset === undefined) {
      offset = this.text.length;
      this.offsets.set(value, offset);
      this.text += `${value}\0`;
    }
    return offset;
  }

  bytes(): Uint8Array {
    return Buffer.from(this.text, 'latin1');
  }
}
