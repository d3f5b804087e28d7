/** Opens a recording's file, whole or cut off. What is in it is not believed before it is checked. */
import { open, type FileHandle } from 'node:fs/promises';
import { RecordBatchReader, type RecordBatch, type Schema } from 'apache-arrow';
import { ProtocolError } from '../../../common/errors.ts';
import { checkPacked } from '../../../common/packed.ts';
import { PROTOCOL_VERSION } from '../../../common/protocol.ts';
import { PacketTraceError, throwIfCancelled } from '../../base/errors.ts';
import { type Fact, parseFact } from '../facts.ts';
import { RecordingBuilder } from '../recording-builder.ts';
import type { Retention } from '../retention.ts';
import { BatchRows, schemaProblem } from './batch-rows.ts';
import { ROW_KINDS } from './columns.ts';
import { RowEncoder } from './encode-rows.ts';
import { type FileHead, FORMAT, HEAD_KEY, parseHead } from './head.ts';
import { Messages } from './messages.ts';

/** What an Arrow file begins with, padded to eight bytes. */
const MAGIC = Buffer.from('ARROW1\0\0');
/** Events that are told of at once. */
const EVENTS_AT_ONCE = 16_384;

export interface ReadOptions {
  signal?: AbortSignal;
  /** More events are there; what comes after them is read when this has settled. */
  onEvents?: () => Promise<void>;
}

export interface OpenRecording {
  /** Filled while the file is read. */
  readonly recording: RecordingBuilder;
  readonly head: FileHead;
  /**
   * Reads the rest. Settles when all is read.
   * @returns whether the file is whole: else what wrote it did not close it, and all that it wrote is there
   * @throws PacketTraceError when it is damaged; what was read before stays
   */
  read(options?: ReadOptions): Promise<{ isWhole: boolean }>;
  close(): Promise<void>;
}

/** @throws PacketTraceError when it is none */
export async function openRecording(path: string, retention: Retention): Promise<OpenRecording> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw cannotRead(path, error as NodeJS.ErrnoException);
  }
  try {
    const start = Buffer.alloc(MAGIC.length);
    await handle.read(start, 0, start.length, 0).catch((error: unknown) => {
      throw cannotRead(path, error as NodeJS.ErrnoException);
    });
    if (!start.equals(MAGIC)) throw notARecording(path, 'it is no Arrow file');
    const messages = new Messages(handle, MAGIC.length);
    const { reader, head } = await readHead(path, messages);
    const recording = new RecordingBuilder(retention);
    return {
      recording,
      head,
      read: (options = {}) => new Reading(path, handle, messages, reader, head, recording).read(options),
      close: async () => {
        await Promise.resolve(reader.cancel()).catch(() => undefined);
        await handle.close();
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Reader = RecordBatchReader & { schema: Schema };

async function readHead(path: string, messages: Messages): Promise<{ reader: Reader; head: FileHead }> {
  try {
    const reader = (await RecordBatchReader.from(messages.read())) as Reader;
    await reader.open();
    const { schema } = reader as { schema?: Schema };
    if (schema === undefined) throw new RangeError('it is missing');
    const json = schema.metadata.get(HEAD_KEY);
    if (json === undefined) throw notARecording(path, 'another program wrote it');
    const head = parseHead(json);
    if (head === undefined) throw notARecording(path, 'what it says of itself cannot be read');
    if (head.format !== FORMAT) throw otherVersion(path, head);
    const problem = schemaProblem(schema);
    if (problem !== undefined) throw notARecording(path, problem);
    return { reader, head };
  } catch (error) {
    if (error instanceof PacketTraceError) throw error;
    throw notARecording(path, `its schema cannot be read (${(error as Error).message})`);
  }
}

/** It ends as files do that were closed. */
async function isClosed(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  const magic = MAGIC.subarray(0, 6);
  const end = Buffer.alloc(magic.length);
  await handle.read(end, 0, end.length, Math.max(0, size - end.length));
  return end.equals(magic);
}

/** One pass through a file. */
class Reading {
  #encoder: RowEncoder | undefined;

  constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly messages: Messages,
    private readonly reader: Reader,
    private readonly head: FileHead,
    private readonly recording: RecordingBuilder,
  ) {}

  async read({ signal, onEvents }: ReadOptions): Promise<{ isWhole: boolean }> {
    const { path, reader, recording } = this;
    try {
      for await (const batch of reader as unknown as AsyncIterable<RecordBatch>) {
        throwIfCancelled(signal);
        if (batch.numRows === 0) continue; // the library makes one up where there is none
        await this.#readBatch(new BatchRows(batch, reader.schema));
        await onEvents?.();
      }
    } catch (error) {
      if (error instanceof PacketTraceError) throw error;
      throw damaged(path, error as Error);
    }
    if (this.messages.isCutOff && (await isClosed(this.handle)))
      throw damaged(path, new RangeError('a message is longer than what is left'));
    return { isWhole: recording.ended !== undefined };
  }

  async #readBatch(rows: BatchRows): Promise<void> {
    for (let row = 0; row < rows.length; row++)
      if (ROW_KINDS[rows.kind(row)] === 'fact') {
        this.#tellEvents();
        await this.#fact(parseFact(rows.text('fact', row) ?? ''));
      } else {
        if (this.#encoder === undefined) throw new ProtocolError('events come before the target is told of');
        this.#encoder.add(rows, row);
        if (this.#encoder.count === EVENTS_AT_ONCE) this.#tellEvents();
      }
    this.#tellEvents();
  }

  #tellEvents(): void {
    if (this.#encoder !== undefined && this.#encoder.count > 0)
      this.recording.addEvents(this.#encoder.take());
  }

  async #fact(fact: Fact): Promise<void> {
    if (this.recording.ended !== undefined) throw new ProtocolError('something comes after the end');
    if (fact.type === 'hello') {
      // The shapes of facts are the protocol's.
      if (fact.protocol !== PROTOCOL_VERSION) throw otherVersion(this.path, this.head);
      if (this.#encoder !== undefined) throw new ProtocolError('there are two targets');
      this.#encoder = new RowEncoder(BigInt(fact.realtimeOffset));
    }
    if (fact.type === 'kernel-build') await checkPacked(fact);
    this.recording.addFact(fact);
  }
}

function otherVersion(path: string, { version }: FileHead): PacketTraceError {
  return new PacketTraceError(
    'recording',
    `${path} was recorded by version ${version} of Kernel Packet Trace, in a form that this version does not read.`,
    'Open it with that version.',
  );
}

function notARecording(path: string, why: string): PacketTraceError {
  return new PacketTraceError(
    'recording',
    `${path} is no recording of a packet trace: ${why}.`,
    'Recordings are made with "packet-trace trace --output-recording FILE".',
  );
}

function damaged(path: string, error: Error): PacketTraceError {
  return new PacketTraceError(
    'recording',
    `${path} is damaged: ${error.message}.`,
    'What comes before the damage was read.',
    { cause: error },
  );
}

function cannotRead(path: string, error: NodeJS.ErrnoException): PacketTraceError {
  const message =
    error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read: ${error.message}.`;
  return new PacketTraceError('recording', message, 'Check the name.', { cause: error });
}
