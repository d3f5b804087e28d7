/** Kernel memory through /proc/kcore, an ELF core file of the running kernel (fs/proc/kcore.c). */
import { closeSync, openSync, readSync } from 'node:fs';

const PT_LOAD = 1;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

interface Segment {
  start: bigint;
  end: bigint;
  offset: bigint;
}

export interface KernelCore {
  /** undefined where nothing can be read. */
  read(address: bigint, bytes: number): Uint8Array | undefined;
  close(): void;
}

/** undefined when the kernel does not offer its memory: not root, lockdown, or built without it. */
export function openKernelCore(path = '/proc/kcore'): KernelCore | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  const segments = readSegments(fd);
  return {
    read(address, bytes) {
      const segment = segments.find(({ start, end }) => address >= start && address + BigInt(bytes) <= end);
      if (segment === undefined) return undefined;
      return readAt(fd, segment.offset + address - segment.start, bytes);
    },
    close: () => {
      closeSync(fd);
    },
  };
}

/** The segments that the ELF program headers list; none when the file is something else. */
function readSegments(fd: number): Segment[] {
  const header = readAt(fd, 0n, ELF_HEADER_BYTES);
  if (header?.readUInt32BE(0) !== 0x7f454c46) return [];
  const count = header.readUInt16LE(56);
  const table = readAt(fd, header.readBigUInt64LE(32), count * PROGRAM_HEADER_BYTES);
  const segments: Segment[] = [];
  for (let at = 0; table !== undefined && at < table.length; at += PROGRAM_HEADER_BYTES) {
    if (table.readUInt32LE(at) !== PT_LOAD) continue;
    const start = table.readBigUInt64LE(at + 16);
    segments.push({
      start,
      end: start + table.readBigUInt64LE(at + 32),
      offset: table.readBigUInt64LE(at + 8),
    });
  }
  return segments;
}

function readAt(fd: number, offset: bigint, bytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(bytes);
  try {
    return readSync(fd, buffer, 0, bytes, offset) === bytes ? buffer : undefined;
  } catch {
    return undefined; // memory that has no page behind it
  }
}
