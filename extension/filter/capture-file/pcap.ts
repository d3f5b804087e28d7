/** The older format: a file header, and a header for each packet (pcap-savefile(5)). */
import { Damaged, MAX_PACKET_BYTES, type CapturedPacket } from './packet.ts';
import type { SequentialReader } from './sequential-reader.ts';

/** With timestamps in microseconds and in nanoseconds; which of both makes no difference here. */
const MAGICS = [0xa1b2c3d4, 0xa1b23c4d];
/** Of the file header, its magic number left out. */
const HEADER_BYTES = 20;
const RECORD_BYTES = 16;
/** The upper bits of the link type tell of a frame check sequence. */
const LINK_TYPE = 0x03ff_ffff;

const isLittleEndian = (magic: Buffer) => MAGICS.includes(magic.readUInt32LE());

export function isPcap(magic: Buffer): boolean {
  return isLittleEndian(magic) || MAGICS.includes(magic.readUInt32BE());
}

/** @param magic the file's first four bytes, which the reader has given already */
export async function* readPcap(magic: Buffer, reader: SequentialReader): AsyncGenerator<CapturedPacket> {
  const u32 = (bytes: Buffer, at: number) =>
    isLittleEndian(magic) ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const linkType = u32(await reader.need(HEADER_BYTES), 16) & LINK_TYPE;
  for (;;) {
    const record = await reader.read(RECORD_BYTES);
    if (record === undefined) return;
    const captured = u32(record, 8);
    if (captured > MAX_PACKET_BYTES) throw new Damaged(`a packet of ${captured} bytes`);
    yield { linkType, data: await reader.need(captured), length: u32(record, 12) };
  }
}
