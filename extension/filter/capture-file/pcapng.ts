/** The newer format: blocks, of which those with packets name the interface that they were seen at. */
import { Damaged, MAX_PACKET_BYTES, type CapturedPacket } from './packet.ts';
import type { SequentialReader } from './sequential-reader.ts';

const BlockType = {
  Section: 0x0a0d_0d0a,
  Interface: 1,
  OldPacket: 2,
  SimplePacket: 3,
  EnhancedPacket: 6,
} as const;

const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
/** Type and total length before a block's body, the total length again behind it. */
const FRAMING_BYTES = 12;
const MAX_BLOCK_BYTES = MAX_PACKET_BYTES + 64 * 1024;

interface Interface {
  linkType: number;
  /** 0: no limit */
  snapshotLength: number;
}

/** A block's body, read in its section's byte order. */
class Body {
  constructor(
    readonly bytes: Buffer,
    readonly isLittleEndian: boolean,
  ) {}

  u16(at: number): number {
    this.#has(at + 2);
    return this.isLittleEndian ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    this.#has(at + 4);
    return this.isLittleEndian ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  slice(from: number, length: number): Buffer {
    this.#has(from + length);
    return this.bytes.subarray(from, from + length);
  }

  #has(end: number): void {
    if (end > this.bytes.length) throw new Damaged('a block is shorter than its contents');
  }
}

/** A section header's type reads the same in both byte orders. */
export function isPcapng(magic: Buffer): boolean {
  return magic.readUInt32LE() === BlockType.Section;
}

/** @param reader has given the first block's type already */
export async function* readPcapng(reader: SequentialReader): AsyncGenerator<CapturedPacket> {
  let type: number = BlockType.Section;
  let isLittleEndian = true;
  let interfaces: Interface[] = [];
  for (;;) {
    const length = await reader.need(4);
    let start: Buffer = Buffer.alloc(0);
    if (type === BlockType.Section) {
      interfaces = [];
      start = await reader.need(4);
      isLittleEndian = start.readUInt32LE() === BYTE_ORDER_MAGIC;
      if (!isLittleEndian && start.readUInt32BE() !== BYTE_ORDER_MAGIC)
        throw new Damaged('a section has no byte order');
    }
    const total = new Body(length, isLittleEndian).u32(0);
    if (total % 4 !== 0 || total < FRAMING_BYTES + start.length || total > MAX_BLOCK_BYTES)
      throw new Damaged(`a block of ${total} bytes`);
    const body = new Body(await reader.need(total - FRAMING_BYTES - start.length), isLittleEndian);
    const again = await reader.need(4);
    if (new Body(again, isLittleEndian).u32(0) !== total) throw new Damaged('a block has two lengths');
    if (type === BlockType.Interface) interfaces.push({ linkType: body.u16(0), snapshotLength: body.u32(4) });
    const packet = packetOf(type, body, interfaces);
    if (packet !== undefined) yield packet;
    const next = await reader.read(4);
    if (next === undefined) return;
    type = new Body(next, isLittleEndian).u32(0);
  }
}

/** undefined: the block holds none. */
function packetOf(type: number, body: Body, interfaces: readonly Interface[]): CapturedPacket | undefined {
  const at = (index: number): Interface => {
    const found = interfaces[index];
    if (found === undefined) throw new Damaged(`a packet of interface ${index}, which is not described`);
    return found;
  };
  switch (type) {
    case BlockType.EnhancedPacket:
      return { linkType: at(body.u32(0)).linkType, data: body.slice(20, body.u32(12)), length: body.u32(16) };
    case BlockType.OldPacket:
      return { linkType: at(body.u16(0)).linkType, data: body.slice(20, body.u32(12)), length: body.u32(16) };
    case BlockType.SimplePacket: {
      const { linkType, snapshotLength } = at(0);
      const length = body.u32(0);
      const captured = Math.min(length, snapshotLength || length);
      return { linkType, data: body.slice(4, captured), length };
    }
    default:
      return undefined;
  }
}
