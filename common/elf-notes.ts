/** Notes of an ELF file, elf(5): in its note sections, and as the kernel shows its own below /sys. */

const NT_GNU_BUILD_ID = 3;
const HEADER_BYTES = 12;

/** The GNU build id among notes, in hexadecimal; undefined when there is none. */
export function gnuBuildId(notes: Buffer): string | undefined {
  return elfNote(notes, 'GNU', NT_GNU_BUILD_ID)?.toString('hex');
}

/** What the first note of this name and type says; undefined when there is none. */
export function elfNote(notes: Buffer, name: string, type: number): Buffer | undefined {
  for (let at = 0; at + HEADER_BYTES <= notes.length;) {
    const nameBytes = notes.readUInt32LE(at);
    const bytes = notes.readUInt32LE(at + 4);
    const nameAt = at + HEADER_BYTES;
    const description = nameAt + padded(nameBytes);
    if (
      notes.readUInt32LE(at + 8) === type &&
      notes.toString('latin1', nameAt, nameAt + nameBytes) === `${name}\0`
    )
      return notes.subarray(description, description + bytes);
    at = description + padded(bytes);
  }
  return undefined;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
