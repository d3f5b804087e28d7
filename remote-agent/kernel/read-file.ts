/**
 * Files that the kernel makes up as they are read. They are what comes into this folder; out come facts of the
 * running kernel, one a file. Read this one first, then kallsyms.ts and symbol-map.ts, where the functions are.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { Turn } from './turn.ts';

const FIRST_BUFFER_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/**
 * A large one (/proc/kallsyms, a list of tracefs). The kernel gives a page at a time, so thousands of reads: here
 * they are plain system calls, while fs.promises would send each to a thread and back.
 * @throws AbortError when cancelled; the system's error when the file cannot be read
 */
export async function readKernelFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  const fd = openSync(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
    let used = 0;
    const turn = new Turn(signal);
    for (;;) {
      if (used === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const got = readSync(fd, buffer, used, Math.min(READ_BYTES, buffer.length - used), null);
      if (got === 0) return buffer.subarray(0, used);
      used += got;
      if (turn.isOver) await turn.next();
    }
  } finally {
    closeSync(fd);
  }
}

/** A small one; undefined when it is not there, or not for us to read. */
export function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** As readBytes, a character a byte. */
export function readText(path: string): string | undefined {
  return readBytes(path)?.toString('latin1');
}

/** The first bytes of a large one; undefined when it is not there, or not for us to read. */
export function readStart(path: string, bytes: number): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const buffer = Buffer.alloc(bytes);
    let used = 0;
    while (used < bytes) {
      const got = readSync(fd, buffer, used, bytes - used, null);
      if (got === 0) break;
      used += got;
    }
    return buffer.subarray(0, used);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
