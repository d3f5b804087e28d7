/**
 * Writes a recording while it is made: the file is whole when it is closed, and readable up to its last batch when not
 * (Arrow's columnar format, "IPC File Format": a stream of batches, and at the end where each of them is).
 */
import type { WriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Schema } from 'apache-arrow';
import { PacketTraceError } from '../../base/errors.ts';
import type { RecordingBuilder } from '../recording-builder.ts';
import { ArrowFileWriter } from './arrow-writer.ts';
import { schemaOf } from './columns.ts';
import { type FileHead, FORMAT } from './head.ts';
import { Rows } from './rows.ts';

/** What was told longest ago is in the file after this time. */
const FLUSH_MS = 1000;
/** Of what the disk has not taken; beyond that it is too slow. */
const PENDING_LIMIT_BYTES = 256 * 1024 * 1024;

export class RecordingFile {
  #schema: Schema | undefined;
  readonly #writer = new ArrowFileWriter();
  #written: Promise<void> | undefined;
  #rows: Rows | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failed: PacketTraceError | undefined;
  #closed = false;

  private constructor(
    readonly path: string,
    private readonly output: WriteStream,
    private readonly onFailed: (error: PacketTraceError) => void,
  ) {}

  /**
   * Makes the file, which must not be there yet.
   * @param onFailed hears once when no more can be written; what was written stays
   * @throws PacketTraceError
   */
  static async create(path: string, onFailed: (error: PacketTraceError) => void): Promise<RecordingFile> {
    try {
      const file = await open(path, 'wx');
      return new RecordingFile(path, file.createWriteStream(), onFailed);
    } catch (error) {
      throw cannotWrite(path, error as NodeJS.ErrnoException);
    }
  }

  /** Why not all of the recording is in the file. */
  get failed(): PacketTraceError | undefined {
    return this.#failed;
  }

  /** Writes what a recording is told from now on; it must not have been told anything yet. */
  follow(recording: RecordingBuilder, head: Omit<FileHead, 'format'>): void {
    this.#schema = schemaOf({ format: FORMAT, ...head });
    this.#writer.reset(undefined, this.#schema);
    this.#written = pipeline(Readable.from(this.#writer), this.output).catch((error: unknown) =>
      this.#fail(cannotWrite(this.path, error as NodeJS.ErrnoException)),
    );
    this.#rows = new Rows(recording.store, recording.symbols, () => this.#flush());
    recording.setTap(this.#rows);
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
    this.#timer.unref();
  }

  /** Writes what is left; a file that was to follow nothing is removed. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#written === undefined) {
      this.output.destroy();
      await rm(this.path, { force: true });
      return;
    }
    if (!this.#closed) {
      this.#closed = true;
      clearInterval(this.#timer);
      this.#flush();
      this.#writer.finish();
    }
    await this.#written;
  }

  #flush(): void {
    if (this.#schema === undefined || this.#rows === undefined || this.#rows.length === 0) return;
    const batch = this.#rows.take(this.#schema);
    if (this.#failed !== undefined) return;
    this.#writer.write(batch);
    if (this.output.writableLength > PENDING_LIMIT_BYTES)
      this.#fail(
        new PacketTraceError(
          'recording',
          `${this.path} is written more slowly than events come.`,
          'Record to a faster disk, or with a narrower filter. What was written can be opened.',
        ),
      );
  }

  #fail(error: PacketTraceError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    clearInterval(this.#timer);
    this.onFailed(error);
  }
}

function cannotWrite(path: string, error: NodeJS.ErrnoException): PacketTraceError {
  const why: Record<string, readonly [message: string, remedy: string]> = {
    EEXIST: [
      `${path} is there already.`,
      'Choose another name, or remove it: a recording is never overwritten.',
    ],
    ENOENT: [`The folder of ${path} is not there.`, 'Make it, or choose another one.'],
    ENOSPC: [
      `There is no space left for ${path}.`,
      'What was written can be opened. Make room, or record elsewhere.',
    ],
    EACCES: [`${path} may not be written.`, 'Choose a folder that you may write to.'],
  };
  const [message, remedy] = why[error.code ?? ''] ?? [
    `${path} cannot be written: ${error.message}.`,
    'What was written can be opened.',
  ];
  return new PacketTraceError('recording', message, remedy, { cause: error });
}
