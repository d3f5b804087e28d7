import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;

/** The file ends in the middle of what was read. */
export class Truncated extends Error {}

/** Reads a file from its start to its end in pieces of given sizes. */
export class SequentialReader {
  /** Bytes handed out so far. */
  position = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly file: FileHandle) {}

  /** The next bytes, a buffer of their own; undefined at the end of the file. @throws Truncated */
  async read(bytes: number): Promise<Buffer | undefined> {
    while (this.#rest.length < bytes) {
      const chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytes - this.#rest.length));
      const { bytesRead } = await this.file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) {
        if (this.#rest.length === 0) return undefined;
        throw new Truncated();
      }
      this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
    }
    const taken = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    this.position += bytes;
    return taken;
  }

  /** The next bytes, which must be there. @throws Truncated */
  async need(bytes: number): Promise<Buffer> {
    const taken = bytes === 0 ? Buffer.alloc(0) : await this.read(bytes);
    if (taken === undefined) throw new Truncated();
    return taken;
  }
}
