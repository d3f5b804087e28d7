import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long the event loop may wait for us: pings and "stop" come through it. */
const TURN_MS = 20;
const FIRST_BUFFER_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/**
 * Reads a file that the kernel makes up as it is read (/proc, tracefs). The kernel gives a page at a time, so
 * thousands of reads: here they are plain system calls, while fs.promises would send each to a thread and back.
 * @throws AbortError when cancelled; the system's error when the file cannot be read
 */
export async function readKernelFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  const fd = openSync(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
    let used = 0;
    let turn = performance.now();
    for (;;) {
      if (used === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const got = readSync(fd, buffer, used, Math.min(READ_BYTES, buffer.length - used), null);
      if (got === 0) return buffer.subarray(0, used);
      used += got;
      if (performance.now() - turn > TURN_MS) {
        await nextTurn();
        signal?.throwIfAborted();
        turn = performance.now();
      }
    }
  } finally {
    closeSync(fd);
  }
}
