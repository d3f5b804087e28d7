/**
 * The only reader of a checkout's files. What is read lies below the root after links are followed, is a regular
 * file, and not larger than any file of a kernel: a checkout may be somebody else's, with links to devices, pipes,
 * and `..` in what its Makefiles name.
 */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { withUnixLines } from '../c/scanner/bytes.ts';

/** What tells that a file was changed: modification time in milliseconds, and size. */
export interface FileStamp {
  modified: number;
  size: number;
}

/** The largest file of a kernel, a list of registers, has 20 MB. */
const SIZE_MAX = 32 << 20;

/** Larger than nearly all files of a kernel. */
const INITIAL_BYTES = 1 << 20;

/** Opening a pipe would wait for who writes to it. */
const FLAGS = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/** @returns a file's bytes; undefined for what cannot be read, or is not to be */
export async function readSourceFile(root: string, path: string): Promise<Buffer | undefined> {
  try {
    const file = await realpath(join(root, path));
    if (!isBelow(await realpath(root), file)) return undefined;
    const handle = await open(file, FLAGS);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size > SIZE_MAX) return undefined;
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(stat.size), 0, stat.size, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** The same as text, one character a byte and lines as on Linux; empty for what cannot be read. */
export async function readSourceText(root: string, path: string): Promise<string> {
  const bytes = await readSourceFile(root, path);
  return bytes === undefined ? '' : withUnixLines(bytes).toString('latin1');
}

/** Reads many files of a checkout one after the other into the same memory. Blocks the thread. */
export class SourceReader {
  private buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  private readonly realRoot: string;

  /** @throws what the file system says of a root that is not there */
  constructor(private readonly root: string) {
    this.realRoot = realpathSync.native(root);
  }

  /** @returns the bytes, which the next call overwrites; undefined for what cannot be read, or is not to be */
  read(path: string): { bytes: Buffer; stamp: FileStamp } | undefined {
    let descriptor: number | undefined;
    try {
      const file = realpathSync.native(join(this.root, path));
      if (!isBelow(this.realRoot, file)) return undefined;
      descriptor = openSync(file, FLAGS);
      const stat = fstatSync(descriptor);
      const { mtimeMs, size } = stat;
      if (!stat.isFile() || size > SIZE_MAX) return undefined;
      if (size > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(size);
      const length = readSync(descriptor, this.buffer, 0, size, 0);
      return { bytes: this.buffer.subarray(0, length), stamp: { modified: mtimeMs, size } };
    } catch {
      return undefined;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /** As readSourceText. */
  text(path: string): string {
    const file = this.read(path);
    return file === undefined ? '' : withUnixLines(file.bytes).toString('latin1');
  }
}

function isBelow(root: string, file: string): boolean {
  return file.startsWith(root.endsWith(sep) ? root : root + sep);
}
