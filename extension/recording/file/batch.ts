/** Columns that are filled row by row and become one record batch, within typed arrays that are used again. */
import { makeData, RecordBatch, type Data, type DataType, type Schema, Struct } from 'apache-arrow';

/** Of text that repeats: what it is in UTF-8. */
const ENCODED_LIMIT = 16_384;
const FIRST_BYTES = 64 * 1024;

type Numbers = Uint8Array | Uint16Array | Uint32Array | BigInt64Array | BigUint64Array;

interface Filled {
  data(type: DataType, rows: number): Data;
}

/** A bit for each row. */
class Bits {
  readonly #bytes: Uint8Array;
  /** Rows that are set. */
  count = 0;

  constructor(rows: number) {
    this.#bytes = new Uint8Array((rows + 7) >>> 3);
  }

  set(row: number): void {
    this.#bytes[row >>> 3]! |= 1 << (row & 7);
    this.count++;
  }

  take(rows: number): Uint8Array {
    const taken = this.#bytes.slice(0, (rows + 7) >>> 3);
    this.#bytes.fill(0);
    this.count = 0;
    return taken;
  }
}

/** Numbers; those of rows that are not set are 0. */
export class NumberColumn<T extends Numbers> implements Filled {
  readonly values: T;
  readonly #present: Bits | undefined;

  constructor(values: T, mayBeNull = false) {
    this.values = values;
    if (mayBeNull) this.#present = new Bits(values.length);
  }

  /** In a column that may be null: this row is not. */
  setPresent(row: number): void {
    this.#present?.set(row);
  }

  data(type: DataType, rows: number): Data {
    const nullCount = this.#present === undefined ? 0 : rows - this.#present.count;
    const nullBitmap = this.#present?.take(rows);
    const data = this.values.slice(0, rows);
    new Uint8Array(this.values.buffer).fill(0);
    return makeData({ type, length: rows, nullCount, nullBitmap, data } as never);
  }
}

export class BoolColumn implements Filled {
  readonly #bits: Bits;

  constructor(rows: number) {
    this.#bits = new Bits(rows);
  }

  setTrue(row: number): void {
    this.#bits.set(row);
  }

  data(type: DataType, rows: number): Data {
    return makeData({ type, length: rows, nullCount: 0, data: this.#bits.take(rows) } as never);
  }
}

/** Texts or bytes; rows that are left out are null. Rows are set in order. */
export class BytesColumn implements Filled {
  readonly #offsets: Int32Array;
  readonly #present: Bits;
  #bytes = new Uint8Array(FIRST_BYTES);
  /** Rows whose offsets are set. */
  #rows = 0;
  #used = 0;

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
    this.#present = new Bits(rows);
  }

  /** Bytes of all rows so far. */
  get used(): number {
    return this.#used;
  }

  set(row: number, bytes: Uint8Array): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#upTo(row);
    this.#bytes.set(bytes, this.#used);
    this.#used = needed;
    this.#present.set(row);
  }

  /** Rows before this one that were not set have nothing in them. */
  #upTo(row: number): void {
    while (this.#rows <= row) this.#offsets[this.#rows++] = this.#used;
  }

  data(type: DataType, rows: number): Data {
    this.#upTo(rows);
    const nullCount = rows - this.#present.count;
    const data = makeData({
      type,
      length: rows,
      nullCount,
      nullBitmap: this.#present.take(rows),
      valueOffsets: this.#offsets.slice(0, rows + 1),
      data: this.#bytes.slice(0, this.#used),
    } as never);
    this.#rows = this.#used = 0;
    if (this.#bytes.length > FIRST_BYTES * 64) this.#bytes = new Uint8Array(FIRST_BYTES);
    return data;
  }
}

/** UTF-8 of texts, most of which come again and again. */
export class Encoder {
  readonly #known = new Map<string, Uint8Array>();

  encode(text: string): Uint8Array {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size === ENCODED_LIMIT) this.#known.clear();
    const bytes = Buffer.from(text);
    this.#known.set(text, bytes);
    return bytes;
  }
}

/** What was filled, as one batch; the columns are empty afterwards. */
export function takeBatch(
  schema: Schema,
  columns: Readonly<Record<string, Filled>>,
  rows: number,
): RecordBatch {
  const children = schema.fields.map(({ name, type }) => {
    const column = columns[name];
    if (column === undefined) throw new Error(`column ${name} is not filled`);
    return column.data(type as DataType, rows);
  });
  const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children });
  return new RecordBatch(schema, data);
}
