/** Capture files for tests, byte for byte. */

export interface WrittenPacket {
  data: Uint8Array;
  /** On the wire; default: as captured. */
  length?: number;
  /** pcapng: the interface that it was seen at; default 0. */
  interface?: number;
}

type Endian = 'LE' | 'BE';

/** Numbers of 32 bits. */
function words(endian: Endian, ...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    if (endian === 'LE') bytes.writeUInt32LE(value, index * 4);
    else bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}

/** Two numbers of 16 bits. */
function halves(endian: Endian, first: number, second: number): Buffer {
  return words(endian, endian === 'LE' ? second * 65536 + first : first * 65536 + second);
}

export function pcapFile(
  linkType: number,
  packets: readonly WrittenPacket[],
  { endian = 'LE', magic = 0xa1b2c3d4 }: { endian?: Endian; magic?: number } = {},
): Buffer {
  const parts = [words(endian, magic), halves(endian, 2, 4), words(endian, 0, 0, 65535, linkType)];
  for (const { data, length = data.length } of packets)
    parts.push(words(endian, 1, 2, data.length, length), Buffer.from(data));
  return Buffer.concat(parts);
}

export function pcapngBlock(endian: Endian, type: number, ...body: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(body);
  const padding = Buffer.alloc(-bytes.length & 3);
  const total = 12 + bytes.length + padding.length;
  return Buffer.concat([words(endian, type, total), bytes, padding, words(endian, total)]);
}

export function pcapngSection(endian: Endian, linkTypes: readonly number[], snapshotLength = 65535): Buffer {
  return Buffer.concat([
    pcapngBlock(
      endian,
      0x0a0d0d0a,
      words(endian, 0x1a2b3c4d),
      halves(endian, 1, 0),
      words(endian, 0xffffffff, 0xffffffff),
    ),
    ...linkTypes.map((linkType) =>
      pcapngBlock(endian, 1, halves(endian, linkType, 0), words(endian, snapshotLength)),
    ),
  ]);
}

/** An enhanced packet block, a simple one or one of the old kind. */
export function pcapngPacket(
  endian: Endian,
  kind: 'enhanced' | 'simple' | 'old',
  packet: WrittenPacket,
): Buffer {
  const { data, length = data.length, interface: at = 0 } = packet;
  const sizes = words(endian, data.length, length);
  switch (kind) {
    case 'enhanced':
      return pcapngBlock(endian, 6, words(endian, at, 0, 1), sizes, data);
    case 'simple':
      return pcapngBlock(endian, 3, words(endian, length), data);
    case 'old':
      return pcapngBlock(endian, 2, halves(endian, at, 0), words(endian, 0, 1), sizes, data);
  }
}
