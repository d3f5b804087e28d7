/**
 * The messages of a recording's stream, one after the other ("Encapsulated message format"). What reads them believes
 * every length in them, so each is looked at here before: a small file must not ask for much memory, or time.
 */
import type { FileHandle } from 'node:fs/promises';
import { Field } from 'apache-arrow/fb/field';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';

const PREFIX_BYTES = 8;
const CONTINUATION = 0xffff_ffff;
/** Of a message without its body; of ours the schema is the largest. */
const METADATA_LIMIT = 1024 * 1024;
/** Of a batch; ours have 16 MB of what varies, and 16,384 rows. */
const BODY_LIMIT = 256 * 1024 * 1024;
const ROWS_LIMIT = 1 << 20;
/** Of a schema; ours has 36 fields. */
const FIELDS_LIMIT = 256;

export class Messages {
  /** The file ended within a message. */
  isCutOff = false;

  /** @param position of the schema's message */
  constructor(
    private readonly handle: FileHandle,
    private readonly position: number,
  ) {}

  /**
   * Each message with its body, in bytes, up to the end of the stream or of the file.
   * @throws RangeError when one is none that a recording has
   */
  async *read(): AsyncGenerator<Uint8Array> {
    const { size } = await this.handle.stat();
    for (let at = this.position, nth = 0; ; nth++) {
      const prefix = await this.#bytes(at, PREFIX_BYTES, size);
      if (prefix === undefined) return;
      const length = prefix.readInt32LE(4);
      if (prefix.readUInt32LE(0) !== CONTINUATION) throw new RangeError('a message does not begin as one');
      if (length === 0) return; // the end of the stream
      if (length < 0 || length > METADATA_LIMIT) throw new RangeError(`a message has ${length} bytes`);
      const metadata = await this.#bytes(at + PREFIX_BYTES, length, size);
      if (metadata === undefined) return;
      const bodyLength = checkMessage(metadata, nth === 0);
      const whole = await this.#bytes(at, PREFIX_BYTES + length + bodyLength, size);
      if (whole === undefined) return;
      yield whole;
      at += whole.length;
    }
  }

  /** Undefined: the file ends before. */
  async #bytes(at: number, length: number, size: number): Promise<Buffer | undefined> {
    const bytes = at + length > size ? undefined : Buffer.alloc(length);
    const bytesRead = bytes && (await this.handle.read(bytes, 0, length, at)).bytesRead;
    if (bytes !== undefined && bytesRead === length) return bytes;
    this.isCutOff = true;
    return undefined;
  }
}

/** @returns the length of its body @throws RangeError */
function checkMessage(metadata: Uint8Array, isFirst: boolean): number {
  const message = Message.getRootAsMessage(new ByteBuffer(metadata));
  const type = message.headerType();
  if (type !== (isFirst ? MessageHeader.Schema : MessageHeader.RecordBatch))
    throw new RangeError(`a message is of type ${String(type)}`);
  const bodyLength = message.bodyLength();
  if (bodyLength < 0n || bodyLength > BigInt(BODY_LIMIT))
    throw new RangeError(`a batch has ${String(bodyLength)} bytes`);
  if (message.customMetadataLength() > 0) throw new RangeError('a message has metadata of its own');
  if (isFirst) checkSchema(message.header(new Schema()) as Schema | null);
  else checkBatch(message.header(new RecordBatch()) as RecordBatch | null);
  return Number(bodyLength);
}

function checkSchema(schema: Schema | null): void {
  if (schema === null) throw new RangeError('the schema is missing');
  const fields = schema.fieldsLength();
  if (!isWithin(fields, FIELDS_LIMIT)) throw new RangeError(`the schema has ${fields} columns`);
  if (
    !isWithin(schema.customMetadataLength(), FIELDS_LIMIT) ||
    !isWithin(schema.featuresLength(), FIELDS_LIMIT)
  )
    throw new RangeError('the schema has too much metadata');
  for (let nth = 0; nth < fields; nth++) {
    const field = schema.fields(nth, new Field());
    if (field === null) throw new RangeError('a column is missing');
    if (field.childrenLength() !== 0 || field.dictionary() !== null)
      throw new RangeError('a column is made of others');
    if (!isWithin(field.customMetadataLength(), FIELDS_LIMIT))
      throw new RangeError('a column has too much metadata');
  }
}

function checkBatch(batch: RecordBatch | null): void {
  if (batch === null) throw new RangeError('a batch is missing');
  const rows = batch.length();
  if (rows < 0n || rows > BigInt(ROWS_LIMIT)) throw new RangeError(`a batch has ${String(rows)} rows`);
  // A column has a validity, and offsets, and values.
  if (!isWithin(batch.nodesLength(), FIELDS_LIMIT) || !isWithin(batch.buffersLength(), 3 * FIELDS_LIMIT))
    throw new RangeError('a batch has too many columns');
  if (!isWithin(batch.variadicBufferCountsLength(), FIELDS_LIMIT))
    throw new RangeError('a batch has too many buffers');
}

/** Not so where a length was read outside of the message. */
function isWithin(length: number, limit: number): boolean {
  return Number.isInteger(length) && length >= 0 && length <= limit;
}
