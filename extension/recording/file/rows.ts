/** Fills rows of a recording's file with what the decoder takes, as it takes it; a batch at a time. */
import type { RecordBatch, Schema } from 'apache-arrow';
import { TupleFlag } from '../../../common/layouts.ts';
import type { ColumnStore } from '../event-store.ts';
import type { Fact } from '../facts.ts';
import type { QuietRecord, RecordListener } from '../record-listener.ts';
import type { Symbols } from '../symbols.ts';
import { LifeFlag } from '../trajectories/lives.ts';
import { NONE } from '../trajectories/trajectory-rows.ts';
import type { EventIndex } from '../types.ts';
import { BoolColumn, BytesColumn, Encoder, NumberColumn, takeBatch } from './batch.ts';
import { type ColumnName, ROW_KINDS, type RowKind } from './columns.ts';

/** Of a batch at most. */
export const BATCH_ROWS = 16_384;
/** Of what events told on request, and of facts, in a batch. */
const BATCH_BYTES = 16 * 1024 * 1024;

type TextColumn = 'function' | 'module' | 'reason' | 'comm' | 'device' | 'source' | 'destination';

export class Rows implements RecordListener {
  #rows = 0;
  readonly #encoder = new Encoder();
  readonly #time = new NumberColumn(new BigInt64Array(BATCH_ROWS));
  readonly #skb = new NumberColumn(new BigUint64Array(BATCH_ROWS));
  readonly #address = new NumberColumn(new BigUint64Array(BATCH_ROWS));
  readonly #bools = {
    shown: new BoolColumn(BATCH_ROWS),
    ends: new BoolColumn(BATCH_ROWS),
    tracked: new BoolColumn(BATCH_ROWS),
    fragment: new BoolColumn(BATCH_ROWS),
  };
  readonly #numbers = {
    trajectory: words(),
    offset: words(),
    value: words(),
    pid: words(),
    netns: words(),
    ifindex: words(),
    mtu: words(),
    length: words(),
    mark: words(),
    lost_before: words(),
    cpu: halves(),
    protocol: halves(),
    source_port: halves(),
    destination_port: halves(),
    filter: halves(),
    ip_protocol: bytes(),
    tcp_flags: bytes(),
  };
  readonly #related = { parent: words(true), merged_into: words(true) };
  readonly #texts = {
    kind: new BytesColumn(BATCH_ROWS),
    function: new BytesColumn(BATCH_ROWS),
    module: new BytesColumn(BATCH_ROWS),
    reason: new BytesColumn(BATCH_ROWS),
    comm: new BytesColumn(BATCH_ROWS),
    device: new BytesColumn(BATCH_ROWS),
    source: new BytesColumn(BATCH_ROWS),
    destination: new BytesColumn(BATCH_ROWS),
    extras: new BytesColumn(BATCH_ROWS),
    fact: new BytesColumn(BATCH_ROWS),
  };
  readonly #all = {
    ...{ time: this.#time, skb: this.#skb, address: this.#address },
    ...this.#bools,
    ...this.#numbers,
    ...this.#related,
    ...this.#texts,
  } satisfies Record<ColumnName, unknown>;
  /** Of the event before, for facts. */
  #lastTime = 0n;

  /** @param full hears when a batch is to be taken before more comes */
  constructor(
    private readonly store: ColumnStore,
    private readonly symbols: Symbols,
    private readonly full: () => void,
  ) {}

  get length(): number {
    return this.#rows;
  }

  /** All rows so far; there must be one at least. */
  take(schema: Schema): RecordBatch {
    const batch = takeBatch(schema, this.#all, this.#rows);
    this.#rows = 0;
    return batch;
  }

  step(event: EventIndex, row: number, ends: boolean): void {
    const { store } = this;
    const at = this.#rows;
    const { columns } = store;
    const chunk = columns.chunk(event);
    const index = columns.row(event);
    const kind = chunk.kind[index] ?? 0;
    const place = store.tables.place(chunk.address[index] ?? 0);
    this.#bools.shown.setTrue(at);
    this.#setTrajectory(row, ends);
    this.#setPlace(kind, place);
    this.#setTime(chunk.time[index] ?? 0);
    this.#setValue(store.dropReason(event) ?? store.verdict(event), chunk.dropReason[index] ?? 0);
    const n = this.#numbers;
    n.cpu.values[at] = chunk.cpu[index] ?? 0;
    n.pid.values[at] = store.pid(event);
    n.netns.values[at] = store.netns(event);
    n.ifindex.values[at] = store.ifindex(event);
    n.mtu.values[at] = store.mtu(event);
    n.length.values[at] = chunk.packetLength[index] ?? 0;
    n.protocol.values[at] = chunk.protocol[index] ?? 0;
    n.mark.values[at] = chunk.mark[index] ?? 0;
    n.filter.values[at] = chunk.generation[index] ?? 0;
    n.lost_before.values[at] = chunk.lostBefore[index] ?? 0;
    n.tcp_flags.values[at] = chunk.tcpFlags[index] ?? 0;
    this.#setText('comm', store.comm(event));
    this.#setText('device', store.device(event));
    this.#setFlow(chunk.flow[index] ?? 0);
    const extras = store.extrasBytes(event);
    if (extras !== undefined) this.#texts.extras.set(at, extras);
    this.#next();
  }

  quiet({ kind, cpu, time, place, value }: QuietRecord, row: number, ends: boolean): void {
    const place32 = this.store.tables.place(place);
    this.#setTrajectory(row, ends);
    this.#setPlace(kind, place32);
    this.#setTime(time);
    const isDrop = ROW_KINDS[kind] === 'drop';
    this.#setValue(isDrop ? this.symbols.dropReason(value) : undefined, isDrop ? value : 0);
    this.#numbers.cpu.values[this.#rows] = cpu;
    this.#next();
  }

  fact(fact: Fact): void {
    this.#time.values[this.#rows] = this.#lastTime;
    this.#texts.kind.set(this.#rows, this.#encoder.encode('fact' satisfies RowKind));
    this.#texts.fact.set(this.#rows, Buffer.from(JSON.stringify(fact)));
    this.#next();
  }

  #setTrajectory(row: number, ends: boolean): void {
    const at = this.#rows;
    const { columns } = this.store.trajectories;
    this.#numbers.trajectory.values[at] = columns.id[row] ?? 0;
    if (ends) this.#bools.ends.setTrue(at);
    const flags = columns.flags[row] ?? 0;
    if ((flags & LifeFlag.Untracked) === 0) this.#bools.tracked.setTrue(at);
    const skb = this.#skb.values;
    skb[at] = (BigInt(columns.skbHigh[row] ?? 0) << 32n) | BigInt(columns.skbLow[row] ?? 0);
    const parent = columns.parent[row] ?? NONE;
    if (parent !== NONE) setNumber(this.#related.parent, at, columns.id[parent] ?? 0);
    if ((flags & LifeFlag.Merged) === 0) return;
    // Its own number: into a packet that is not followed.
    const into = columns.mergedInto[row];
    setNumber(
      this.#related.merged_into,
      at,
      columns.id[into === undefined || into === NONE ? row : into] ?? 0,
    );
  }

  #setPlace(kind: number, place: number): void {
    const at = this.#rows;
    const name = ROW_KINDS[kind] ?? 'function';
    this.#texts.kind.set(at, this.#encoder.encode(name));
    const location = name === 'drop' ? this.symbols.location(place) : undefined;
    const known = name === 'drop' ? location : this.symbols.function(place);
    this.#setText('function', known?.name);
    this.#setText('module', known?.module === '' ? undefined : known?.module);
    this.#address.values[at] = wholeAddress(this.symbols.address(place));
    if (location !== undefined) this.#numbers.offset.values[at] = location.address - location.start;
  }

  #setTime(nanoseconds: number): void {
    this.#lastTime = this.store.realtime(nanoseconds);
    this.#time.values[this.#rows] = this.#lastTime;
  }

  #setValue(reason: string | undefined, value: number): void {
    this.#numbers.value.values[this.#rows] = value;
    this.#setText('reason', reason);
  }

  #setFlow(flow: number): void {
    const at = this.#rows;
    const { flows } = this.store.tables;
    const flags = flows.word(flow, 0);
    if ((flags & (TupleFlag.Ipv4 | TupleFlag.Ipv6)) === 0) return;
    const ports = flows.word(flow, 1);
    this.#numbers.source_port.values[at] = ports & 0xffff;
    this.#numbers.destination_port.values[at] = ports >>> 16;
    this.#numbers.ip_protocol.values[at] = (flags >>> 8) & 0xff;
    if ((flags & TupleFlag.Fragment) !== 0) this.#bools.fragment.setTrue(at);
    const { source, destination } = this.store.addresses(flow);
    this.#setText('source', source);
    this.#setText('destination', destination);
  }

  #setText(column: TextColumn, text: string | undefined): void {
    if (text !== undefined) this.#texts[column].set(this.#rows, this.#encoder.encode(text));
  }

  #next(): void {
    this.#rows++;
    const { extras, fact } = this.#texts;
    if (this.#rows === BATCH_ROWS || extras.used + fact.used > BATCH_BYTES) this.full();
  }
}

const words = (mayBeNull = false) => new NumberColumn(new Uint32Array(BATCH_ROWS), mayBeNull);
const halves = () => new NumberColumn(new Uint16Array(BATCH_ROWS));
const bytes = () => new NumberColumn(new Uint8Array(BATCH_ROWS));

function setNumber(column: NumberColumn<Uint32Array>, row: number, value: number): void {
  column.values[row] = value;
  column.setPresent(row);
}

/** With its sign extension. */
function wholeAddress(address: number): bigint {
  return BigInt.asUintN(64, BigInt(address) | (address >= 2 ** 47 ? 0xffff_0000_0000_0000n : 0n));
}
