import type { StringColumns } from '../tables/string-table.ts';

/** The index as plain columns: what goes between threads and into the cache file. */
export interface IndexColumns {
  names: StringColumns;
  /** First entry of each name, and the number of entries at the end. */
  nameStarts: Uint32Array;
  /** Of each entry; entries are in the order of their names. */
  file: Uint32Array;
  line: Uint32Array;
  /** Last line less first line. */
  extent: Uint16Array;
  flags: Uint8Array;
  condition: Uint32Array;
  /** File number plus one of the file that the object code belongs to; 0: the file of the line. */
  objectFile: Uint32Array;
  paths: StringColumns;
  conditions: StringColumns;
  /** Of each file, one text: see build-facts.ts. */
  objects: StringColumns;
  /** Of each Kconfig file: path, line end and what compactKconfig made of it. */
  kconfigs: StringColumns;
  /** Of each file when it was scanned: modification time in milliseconds, and size. */
  modified: Float64Array;
  size: Float64Array;
}

/** The memory of all columns; what has been handed to another thread is gone here. */
export function columnBuffers(columns: IndexColumns): ArrayBuffer[] {
  return (Object.values(columns) as (ArrayBufferView | StringColumns)[])
    .flatMap((column) => ('byteLength' in column ? [column] : [column.bytes, column.offsets]))
    .map(({ buffer }) => buffer as ArrayBuffer);
}

/** Bytes that the columns take. */
export function columnBytes(columns: IndexColumns): number {
  return columnBuffers(columns).reduce((sum, { byteLength }) => sum + byteLength, 0);
}
