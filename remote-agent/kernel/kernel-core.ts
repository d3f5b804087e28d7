/** Kernel memory through /proc/kcore, an ELF core file of the running kernel (fs/proc/kcore.c). */
import { closeSync, openSync, readSync } from 'node:fs';
import { elfNote } from '../../common/elf-notes.ts';

const PT_LOAD = 1;
const PT_NOTE = 4;
/** Of fs/proc/kcore.c: the kernel's own description for debuggers of its memory, since 4.19. */
const VMCOREINFO = { name: 'VMCOREINFO', type: 0 };
/** Registers of each CPU are notes too. */
const MAX_NOTES_BYTES = 2 ** 24;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

interface Segment {
  type: number;
  start: bigint;
  end: bigint;
  /** In the file, where it begins at `offset`. */
  bytes: number;
  offset: bigint;
}

export interface KernelCore {
  /** undefined where nothing can be read. */
  read(address: bigint, bytes: number): Uint8Array | undefined;
  /** Lines such as `NUMBER(VA_BITS)=52` (Documentation/admin-guide/kdump/vmcoreinfo.rst); undefined: none. */
  description(): string | undefined;
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
      const segment = segments.find(
        ({ type, start, end }) => type === PT_LOAD && address >= start && address + BigInt(bytes) <= end,
      );
      if (segment === undefined) return undefined;
      return readAt(fd, segment.offset + address - segment.start, bytes);
    },
    description() {
      const segment = segments.find(({ type }) => type === PT_NOTE);
      if (segment === undefined || segment.bytes > MAX_NOTES_BYTES) return undefined;
      const notes = readAt(fd, segment.offset, segment.bytes);
      return notes && elfNote(notes, VMCOREINFO.name, VMCOREINFO.type)?.toString('latin1');
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
    const start = table.readBigUInt64LE(at + 16);
    segments.push({
      type: table.readUInt32LE(at),
      start,
      end: start + table.readBigUInt64LE(at + 32),
      bytes: Number(table.readBigUInt64LE(at + 32)),
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
