/** Reads the rows of a batch that may hold anything: every length is looked at before a row is. */
import type { Data, RecordBatch, Schema } from 'apache-arrow';
import { type ColumnName, COLUMNS, ROW_KINDS } from './columns.ts';

const NAMES = Object.keys(COLUMNS) as ColumnName[];

/** What is wrong with a file's columns; undefined: nothing. Columns that are not known are let through. */
export function schemaProblem(schema: Schema): string | undefined {
  for (const name of NAMES) {
    const field = schema.fields.find((each) => each.name === name);
    if (field === undefined) return `it has no column "${name}"`;
    const wanted = COLUMNS[name].type;
    if (String(field.type) !== String(wanted))
      return `its column "${name}" is ${String(field.type)}, not ${String(wanted)}`;
  }
  return undefined;
}

/** What the library has of a column. */
interface Buffers {
  values?: Values['values'];
  valueOffsets?: Int32Array;
  nullBitmap?: Uint8Array;
  nullCount: number;
  offset: number;
}

/** Of one column. */
interface Values {
  /** Words of numbers, bytes of texts, bits of truths. */
  values: Uint8Array | Uint16Array | Uint32Array | BigInt64Array | BigUint64Array;
  /** Of texts and bytes. */
  offsets: Int32Array | undefined;
  /** Absent: no row is null. */
  present: Uint8Array | undefined;
  /** The first row's bit in both. */
  bit: number;
}

export class BatchRows {
  readonly length: number;
  readonly #columns: Record<ColumnName, Values>;
  readonly #kinds: Uint8Array;

  /**
   * @param schema checked
   * @throws RangeError when the batch is not what its schema says
   */
  constructor(batch: RecordBatch, schema: Schema) {
    this.length = batch.numRows;
    const entries = NAMES.map((name) => {
      const data = batch.data.children[schema.fields.findIndex((field) => field.name === name)];
      if (data === undefined) throw new RangeError(`column "${name}" is missing`);
      return [name, valuesOf(name, data, this.length)] as const;
    });
    this.#columns = Object.fromEntries(entries) as Record<ColumnName, Values>;
    this.#kinds = new Uint8Array(this.length);
    for (let row = 0; row < this.length; row++) this.#kinds[row] = this.#kindOf(row);
  }

  /** Index of ROW_KINDS. */
  kind(row: number): number {
    return this.#kinds[row] ?? 0;
  }

  number(name: ColumnName, row: number): number {
    return Number(this.#columns[name].values[row] ?? 0);
  }

  nullableNumber(name: ColumnName, row: number): number | undefined {
    return this.#isPresent(this.#columns[name], row) ? this.number(name, row) : undefined;
  }

  truth(name: ColumnName, row: number): boolean {
    const { values, bit } = this.#columns[name];
    return isSet(values as Uint8Array, bit + row);
  }

  time(row: number): bigint {
    return BigInt(this.#columns.time.values[row] ?? 0);
  }

  lowWord(name: 'address' | 'skb', row: number): number {
    return Number(BigInt.asUintN(32, this.#wide(name, row)));
  }

  highWord(name: 'address' | 'skb', row: number): number {
    return Number(this.#wide(name, row) >> 32n);
  }

  bytes(name: ColumnName, row: number): Uint8Array | undefined {
    const column = this.#columns[name];
    if (!this.#isPresent(column, row)) return undefined;
    const { offsets, values } = column;
    return (values as Uint8Array).subarray(offsets?.[row], offsets?.[row + 1]);
  }

  text(name: ColumnName, row: number): string | undefined {
    const bytes = this.bytes(name, row);
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  }

  #wide(name: 'address' | 'skb', row: number): bigint {
    return BigInt(this.#columns[name].values[row] ?? 0);
  }

  #isPresent({ present, bit }: Values, row: number): boolean {
    return present === undefined || isSet(present, bit + row);
  }

  #kindOf(row: number): number {
    const name = this.text('kind', row) ?? '';
    const kind = (ROW_KINDS as readonly string[]).indexOf(name);
    if (kind < 0) throw new RangeError(`there is no kind "${name.slice(0, 40)}" of rows`);
    return kind;
  }
}

function isSet(bits: Uint8Array, bit: number): boolean {
  return ((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function valuesOf(name: ColumnName, data: Data, rows: number): Values {
  if (data.length !== rows) throw new RangeError(`column "${name}" has ${data.length} rows of ${rows}`);
  const { values, valueOffsets, nullBitmap, nullCount, offset } = data as unknown as Buffers;
  if (values === undefined) throw new RangeError(`column "${name}" has no values`);
  const bit = offset & 7;
  const bitBytes = (bit + rows + 7) >>> 3;
  const present = nullCount > 0 ? nullBitmap : undefined;
  if (present !== undefined && present.length < bitBytes) throw tooShort(name);
  const { type } = COLUMNS[name];
  const isTruth = String(type) === 'Bool';
  if (valueOffsets === undefined) {
    if (values.length < (isTruth ? bitBytes : rows)) throw tooShort(name);
    return { values, offsets: undefined, present, bit };
  }
  if (valueOffsets.length < rows + 1) throw tooShort(name);
  let before = 0;
  for (let row = 0; row <= rows; row++) {
    const next = valueOffsets[row] ?? -1;
    if (next < before || next > values.length)
      throw new RangeError(`column "${name}" goes backwards, or too far`);
    before = next;
  }
  return { values, offsets: valueOffsets, present, bit };
}

function tooShort(name: ColumnName): RangeError {
  return new RangeError(`column "${name}" is shorter than its batch`);
}
