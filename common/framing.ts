/**
 * Frames on a byte stream, as protocol.ts describes them. No I/O: the decoder takes chunks as they come and
 * hands out whole frames; every payload byte is copied once, whatever the chunk sizes.
 */
import { ProtocolError } from './errors.ts';
import { FRAME_HEADER_BYTES, FRAME_MAX_BYTES, FrameKind } from './protocol.ts';

/** The stream is not made of our frames; `received` is where it went wrong, text of a login banner for example. */
export class FramingError extends ProtocolError {
  override readonly name = 'FramingError';

  constructor(
    what: string,
    readonly received: Uint8Array,
  ) {
    super(what);
  }
}

/** The header of a frame whose payload is written after it. */
export function frameHeader(kind: FrameKind, payloadBytes: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, payloadBytes, true);
  view.setUint8(4, kind);
  return header;
}

/** A control message as one frame. */
export function encodeJsonFrame(message: object): Uint8Array {
  const payload = Buffer.from(JSON.stringify(message));
  return Buffer.concat([frameHeader(FrameKind.Json, payload.length), payload]);
}

/** Cuts a stream into frames. */
export class FrameDecoder {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  readonly #headerView = new DataView(this.#header.buffer);
  #headerBytes = 0;
  #payload: Uint8Array<ArrayBuffer> | undefined;
  #payloadBytes = 0;

  /**
   * @param onFrame gets each frame in order. The payload starts at offset 0 of an ArrayBuffer of its own, so
   * that typed arrays of any element size can look at it.
   */
  constructor(private readonly onFrame: (kind: FrameKind, payload: Uint8Array<ArrayBuffer>) => void) {}

  /** @throws FramingError when the stream cannot be frames; nothing more may be pushed then. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) at += this.#takeHeader(chunk, at);
      else at += this.#takePayload(chunk, at);
      if (this.#payload !== undefined && this.#payloadBytes === this.#payload.length)
        this.#finish(this.#payload);
    }
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + FRAME_HEADER_BYTES - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes === FRAME_HEADER_BYTES) {
      const length = this.#headerView.getUint32(0, true);
      const problem = frameProblem(this.#kind, length);
      if (problem !== undefined)
        throw new FramingError(problem, Buffer.concat([this.#header, chunk.subarray(at + part.length)]));
      this.#payload = new Uint8Array(length);
      this.#payloadBytes = 0;
    }
    return part.length;
  }

  #takePayload(chunk: Uint8Array, at: number): number {
    const payload = this.#payload ?? new Uint8Array();
    const part = chunk.subarray(at, at + payload.length - this.#payloadBytes);
    payload.set(part, this.#payloadBytes);
    this.#payloadBytes += part.length;
    return part.length;
  }

  #finish(payload: Uint8Array<ArrayBuffer>): void {
    const kind = this.#kind as FrameKind;
    this.#headerBytes = 0;
    this.#payload = undefined;
    this.onFrame(kind, payload);
  }

  get #kind(): number {
    return this.#header[4] ?? 0;
  }
}

function frameProblem(kind: number, length: number): string | undefined {
  if (!isFrameKind(kind)) return `there is no frame of kind ${kind}`;
  const limit = FRAME_MAX_BYTES[kind];
  return length > limit ? `a frame of ${length} bytes is longer than ${limit}` : undefined;
}

function isFrameKind(kind: number): kind is FrameKind {
  return kind === FrameKind.Json || kind === FrameKind.Events;
}
