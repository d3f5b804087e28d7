/**
 * Memory for frames of events, used again when they are written. Left to the garbage collector they would pile up under
 * load to tens of megabytes before it looks.
 */

/** Smaller frames are not worth keeping memory for. */
const LEAST_BYTES = 64 * 1024;
/** The largest frame, a batch and what is in front of it, fits in. */
const FRAME_BYTES = 576 * 1024;
/** As many as are on their way where the other side is slow (BACKLOG_BYTES). */
const KEPT = 8;

export class FramePool {
  readonly #free: ArrayBuffer[] = [];

  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES || bytes > FRAME_BYTES) return Buffer.allocUnsafe(bytes);
    return Buffer.from(this.#free.pop() ?? new ArrayBuffer(FRAME_BYTES), 0, bytes);
  }

  /** @param frame from take, of which nothing more is needed */
  give({ buffer }: Buffer): void {
    if (buffer.byteLength === FRAME_BYTES && this.#free.length < KEPT) this.#free.push(buffer as ArrayBuffer);
  }
}
