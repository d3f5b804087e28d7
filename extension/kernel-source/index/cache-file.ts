import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createDeflate, inflate } from 'node:zlib';
import type { IndexColumns } from './columns.ts';

/** Changes with the columns and with what the scanner finds: older files are not read. */
const FORMAT = 'kernel-packet-trace index 4';

/** Fast, and the index is smaller than the limit by far. */
const LEVEL = 3;

const TYPES = { Uint8Array, Uint16Array, Uint32Array, Float64Array } as const;
type Column = InstanceType<(typeof TYPES)[keyof typeof TYPES]>;

interface Header {
  format: string;
  root: string;
  columns: { name: string; type: keyof typeof TYPES; length: number }[];
}

/** The file that the index of a checkout is kept in. */
export function cachePath(cacheDir: string, root: string): string {
  const name = createHash('sha256').update(resolve(root)).digest('hex').slice(0, 16);
  return join(cacheDir, `kernel-source-${name}.index`);
}

/** Writes the index beside the file first: a reader sees the old one or the new one. @returns bytes written */
export async function saveIndex(file: string, root: string, columns: IndexColumns): Promise<number> {
  const flat = flatten(columns);
  const header: Header = {
    format: FORMAT,
    root: resolve(root),
    columns: flat.map(([name, column]) => ({ name, type: typeOf(column), length: column.length })),
  };
  const parts = flat.map(([, { buffer, byteOffset, byteLength }]) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  await mkdir(join(file, '..'), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const output = createWriteStream(temporary);
    // As a stream: nothing more is in memory while the index is made.
    await pipeline(Readable.from([text, ...parts]), createDeflate({ level: LEVEL }), output);
    await rename(temporary, file);
    return output.bytesWritten;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Reads an index; undefined when there is none, or one of another version or another checkout. */
export async function loadIndex(file: string, root: string): Promise<IndexColumns | undefined> {
  try {
    const bytes = await promisify(inflate)(await readFile(file));
    const headerEnd = bytes.indexOf('\n');
    const header = JSON.parse(bytes.toString('utf8', 0, headerEnd)) as Header;
    if (header.format !== FORMAT || header.root !== resolve(root)) return undefined;
    const columns = new Map<string, Column>();
    let at = headerEnd + 1;
    for (const { name, type, length } of header.columns) {
      const size = length * TYPES[type].BYTES_PER_ELEMENT;
      // A copy: columns have to be aligned, and the whole buffer can go.
      columns.set(name, new TYPES[type](new Uint8Array(bytes.subarray(at, at + size)).buffer));
      at += size;
    }
    return unflatten(columns);
  } catch {
    return undefined; // no file yet, or one that was cut off: the index is made anew
  }
}

function typeOf(column: Column): keyof typeof TYPES {
  return column.constructor.name as keyof typeof TYPES;
}

function flatten(columns: IndexColumns): [string, Column][] {
  return Object.entries(columns).flatMap(([name, value]: [string, Column | IndexColumns['names']]) =>
    'byteLength' in value
      ? [[name, value] as [string, Column]]
      : [
          [`${name}.bytes`, value.bytes] as [string, Column],
          [`${name}.offsets`, value.offsets] as [string, Column],
        ],
  );
}

function unflatten(columns: ReadonlyMap<string, Column>): IndexColumns {
  const result: Record<string, unknown> = {};
  for (const [name, column] of columns) {
    const [outer = '', inner] = name.split('.');
    if (inner === undefined) result[outer] = column;
    else result[outer] = { ...(result[outer] as object | undefined), [inner]: column };
  }
  return result as unknown as IndexColumns;
}
