/**
 * A file that is put aside when it is full, as pwru does with its output (lumberjack names them so too): `trace.log`
 * becomes `trace-2026-05-06T07-08-09.123.log`, in local time, with `.gz` when it is compressed.
 */
import { createReadStream, createWriteStream, promises as fs } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { PacketTraceError } from '../../base/errors.ts';

export interface Rotation {
  /** Megabytes. */
  maxSize: number;
  /** Files that were put aside are kept until there are more; 0: all. */
  maxBackups: number;
  /** And so many days; 0: for ever. */
  maxAge: number;
  compress: boolean;
}

const MEGABYTE = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Appends to what is there, unless that is full. Each chunk goes into one file whole. */
export class RotatingFile extends Writable {
  #file: fs.FileHandle | undefined;
  #size = 0;
  #cleaning: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private readonly rotation: Rotation,
    private readonly now: () => Date,
  ) {
    super();
  }

  /** @throws PacketTraceError `usage` when it cannot be written */
  static async open(path: string, rotation: Rotation, now = () => new Date()): Promise<RotatingFile> {
    const file = new RotatingFile(path, rotation, now);
    try {
      await fs.mkdir(dirname(path), { recursive: true });
      await file.#open();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new PacketTraceError(
        'usage',
        `The output file ${path} cannot be written: ${why}.`,
        'Name another file, or make it writable.',
        { cause: error },
      );
    }
    file.#clean();
    return file;
  }

  /** Settles when all is written. Safe after an error, of which whoever writes was told. */
  async close(): Promise<void> {
    if (this.destroyed) return;
    const closed = new Promise((resolve) => this.once('close', resolve));
    this.on('error', () => undefined).end();
    await closed;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    void this.#append(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    void Promise.all([this.#file?.close(), this.#cleaning]).then(() => done(), done);
  }

  async #open(): Promise<void> {
    this.#file = await fs.open(this.path, 'a', 0o600);
    this.#size = (await this.#file.stat()).size;
  }

  async #append(chunk: Buffer): Promise<void> {
    if (this.#size > 0 && this.#size + chunk.length > this.rotation.maxSize * MEGABYTE) await this.#rotate();
    await this.#file?.appendFile(chunk);
    this.#size += chunk.length;
  }

  async #rotate(): Promise<void> {
    await this.#file?.close();
    const { dir, stem, extension } = this.#parts();
    await fs.rename(this.path, join(dir, `${stem}-${timeText(this.now())}${extension}`));
    await this.#open();
    this.#clean();
  }

  #parts() {
    const extension = extname(this.path);
    return { dir: dirname(this.path), stem: basename(this.path, extension), extension };
  }

  /** Removes what is too old or too many, and compresses the rest, one after the other. */
  #clean(): void {
    // A file that cannot be tidied up is no reason to end a trace.
    this.#cleaning = this.#cleaning.then(() => this.#tidy()).catch(() => undefined);
  }

  async #tidy(): Promise<void> {
    const { maxBackups, maxAge, compress } = this.rotation;
    const aside = await this.#putAside();
    const oldest = maxAge === 0 ? -Infinity : this.now().getTime() - maxAge * DAY_MS;
    const most = maxBackups === 0 ? Infinity : maxBackups;
    const { dir } = this.#parts();
    for (const [nth, { name, time }] of aside.entries()) {
      const path = join(dir, name);
      if (nth >= most || time < oldest) await fs.rm(path, { force: true });
      else if (compress && !name.endsWith('.gz')) await compressFile(path);
    }
  }

  /** Newest first. */
  async #putAside(): Promise<{ name: string; time: number }[]> {
    const { dir, stem, extension } = this.#parts();
    const files = (await fs.readdir(dir)).flatMap((name) => {
      const plain = name.replace(/\.gz$/, '');
      if (!plain.startsWith(`${stem}-`) || !plain.endsWith(extension)) return [];
      const time = parseTime(plain.slice(stem.length + 1, plain.length - extension.length));
      return time === undefined ? [] : [{ name, time }];
    });
    return files.sort((a, b) => b.time - a.time);
  }
}

async function compressFile(path: string): Promise<void> {
  const packed = `${path}.gz`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(packed, { mode: 0o600 }));
  } catch (error) {
    await fs.rm(packed, { force: true });
    throw error;
  }
  await fs.rm(path);
}

/** `2026-05-06T07-08-09.123` in the time zone of this machine. */
function timeText(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23).replaceAll(':', '-');
}

function parseTime(text: string): number | undefined {
  const [, day, hour, minute, second] = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text) ?? [];
  return day === undefined ? undefined : new Date(`${day}T${hour}:${minute}:${second}`).getTime();
}
