/** Capture files: pcap (pcap-savefile(5)) and pcapng (draft-ietf-opsawg-pcapng), in either byte order. */
import { open } from 'node:fs/promises';
import { PacketTraceError } from '../../base/errors.ts';
import { Damaged, type CapturedPacket } from './packet.ts';
import { isPcap, readPcap } from './pcap.ts';
import { isPcapng, readPcapng } from './pcapng.ts';
import { SequentialReader, Truncated } from './sequential-reader.ts';

/** Told of the bytes read so far, and of the file's size. */
export type ReadProgress = (bytes: number, total: number) => void;

/**
 * The packets of a file, in their order. Of a file that ends in the middle of a packet, or goes on with something
 * else, those before that are read; the value returned at the end says so in a sentence.
 * @throws PacketTraceError `pcap-file` when it cannot be read or is no capture file
 */
export async function* readCaptureFile(
  path: string,
  onProgress?: ReadProgress,
): AsyncGenerator<CapturedPacket, string | undefined> {
  const file = await open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  let packets = 0;
  try {
    const total = (await file.stat()).size;
    const reader = new SequentialReader(file);
    for await (const packet of parse(reader, path)) {
      packets++;
      yield packet;
      onProgress?.(reader.position, total);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Truncated) return `The file ends in the middle of packet ${packets + 1}.`;
    if (error instanceof Damaged) return `The file is damaged after packet ${packets}: ${error.message}.`;
    throw error instanceof PacketTraceError ? error : unreadable(path, error);
  } finally {
    await file.close();
  }
}

async function* parse(reader: SequentialReader, path: string): AsyncGenerator<CapturedPacket> {
  const magic = await reader.read(4).catch(() => undefined);
  if (magic !== undefined && isPcap(magic)) yield* readPcap(magic, reader);
  else if (magic !== undefined && isPcapng(magic)) yield* readPcapng(reader);
  else {
    throw new PacketTraceError(
      'pcap-file',
      `"${path}" is neither a pcap nor a pcapng file.`,
      'Capture files of other kinds can be converted with Wireshark’s editcap, compressed ones must be unpacked first.',
    );
  }
}

function unreadable(path: string, error: unknown): PacketTraceError {
  const why = error instanceof Error ? error.message : String(error);
  return new PacketTraceError(
    'pcap-file',
    `The capture file "${path}" cannot be read: ${why}`,
    'Name a pcap or pcapng file that you may read.',
  );
}
