/** Notes of an ELF file, elf(5): in its note sections, and as the kernel shows its own below /sys. */

const NT_GNU_BUILD_ID = 3;
const HEADER_BYTES = 12;

/** The GNU build id among notes, in hexadecimal; undefined when there is none. */
export function gnuBuildId(notes: Buffer): string | undefined {
  for (let at = 0; at + HEADER_BYTES <= notes.length;) {
    const nameBytes = notes.readUInt32LE(at);
    const bytes = notes.readUInt32LE(at + 4);
    const name = at + HEADER_BYTES;
    const description = name + padded(nameBytes);
    if (
      notes.readUInt32LE(at + 8) === NT_GNU_BUILD_ID &&
      notes.toString('latin1', name, name + nameBytes) === 'GNU\0'
    )
      return notes.toString('hex', description, description + bytes);
    at = description + padded(bytes);
  }
  return undefined;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
