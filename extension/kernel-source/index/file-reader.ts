import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** What tells that a file was changed: modification time in milliseconds, and size. */
export interface FileStamp {
  modified: number;
  size: number;
}

/** Larger than nearly all files of a kernel. */
const INITIAL_BYTES = 1 << 20;

/** Reads many files one after the other into the same memory. */
export class FileReader {
  private buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);

  /**
   * Reads a whole file. Blocks the thread.
   * @returns its bytes, which the next call overwrites; undefined when it cannot be read
   */
  read(file: string): { bytes: Buffer; stamp: FileStamp } | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(file, 'r');
      const { mtimeMs, size } = fstatSync(descriptor);
      if (size > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(size);
      const length = readSync(descriptor, this.buffer, 0, size, 0);
      return { bytes: this.buffer.subarray(0, length), stamp: { modified: mtimeMs, size } };
    } catch {
      return undefined;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}
