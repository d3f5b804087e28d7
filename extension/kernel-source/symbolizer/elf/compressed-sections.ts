import { createReadStream, createWriteStream, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { ByteReader } from '../byte-reader.ts';
import { LinesError } from '../errors.ts';
import { type Section, SHF_COMPRESSED } from './section.ts';

/** struct Elf64_Chdr, and its ch_type. */
const HEADER_BYTES = 24;
const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;

/**
 * Inflates compressed debug sections into temporary files and points the sections there. The files lose their
 * names at once, so that nothing stays behind however we end.
 * @param fds gets their descriptors, for the caller to close even when this fails
 */
export async function inflateSections(
  path: string,
  sections: readonly Section[],
  fds: number[],
): Promise<void> {
  const compressed = sections.filter(
    ({ name, flags }) => (flags & SHF_COMPRESSED) !== 0 && name.startsWith('.debug_'),
  );
  if (compressed.length === 0) return;
  const dir = await mkdtemp(join(tmpdir(), 'kernel-packet-trace-'));
  try {
    for (const section of compressed) {
      const file = join(dir, String(section.index));
      const end = section.offset + section.size - 1;
      const source = () => createReadStream(path, { start: section.offset, end });
      const header = await firstBytes(source(), HEADER_BYTES);
      const inflater = inflaterFor(header.u32(), path);
      header.skip(4);
      const size = header.u64();
      const packed = createReadStream(path, { start: section.offset + HEADER_BYTES, end });
      await pipeline(packed, inflater, createWriteStream(file));
      const fd = openSync(file, 'r');
      fds.push(fd);
      Object.assign(section, { fd, offset: 0, size, flags: section.flags - SHF_COMPRESSED });
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function firstBytes(stream: AsyncIterable<Buffer>, bytes: number): Promise<ByteReader> {
  for await (const chunk of stream) if (chunk.length >= bytes) return new ByteReader(chunk);
  throw new RangeError('a section without its header');
}

function inflaterFor(type: number, path: string): Transform {
  if (type === ELFCOMPRESS_ZLIB) return zlib.createInflate();
  // Node has it since 22.15.
  const createZstd: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (type === ELFCOMPRESS_ZSTD && typeof createZstd === 'function') return (createZstd as () => Transform)();
  const kind =
    type === ELFCOMPRESS_ZSTD ? 'with zstd, which needs Node 22.15' : `in an unknown way (${type})`;
  throw new LinesError(
    `The debug sections of ${path} are compressed ${kind}. Decompress them: objcopy --decompress-debug-sections FILE.`,
  );
}
