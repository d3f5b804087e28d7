/** Reads events, field by field, from the columns that the decoder fills. */
import { EventExtra, EventKind, TupleFlag } from '../../common/layouts.ts';
import { printable } from '../base/printable.ts';
import {
  SKB_METADATA,
  XDP_METADATA,
  type NamespaceName,
  type StructureLayout,
} from '../../common/protocol.ts';
import type { Detail } from './extras/detail.ts';
import type { StructureKind } from './extras/event-extras.ts';
import { memberDetails } from './extras/member-details.ts';
import { readStructure, type StructureMembers } from './extras/structure.ts';
import type { EventStore } from './capture.ts';
import {
  callerAddress,
  extrasWords,
  findExtra,
  memoryBytes,
  packetBytes,
  stackId,
  tunnelTuple,
  type Extra,
  type PacketBytes,
} from './extras/sections.ts';
import type { TupleParts } from '../base/tuple.ts';
import type {
  CodeAddress,
  EventIndex,
  KernelFunction,
  KernelPlace,
  TracedProgram,
  TrajectoryId,
} from './types.ts';
import { verdictName } from './verdicts.ts';
import { CHUNK_EVENTS, EventColumns, type EventChunk } from './store/event-columns.ts';
import type { FunctionCounts } from './capture.ts';
import { RecordDecoder, type Batch } from './record-decoder.ts';
import type { RecordListener } from './record-listener.ts';
import { DEFAULT_RETENTION, KEEP_EXTRAS_BYTES, type Retention } from './retention.ts';
import { SharedTables, type TableName } from './store/shared-tables.ts';
import { Symbols } from './symbols.ts';
import { TrajectoryTable } from './trajectories/trajectories.ts';
import { formatIpv4, formatIpv6, formatTuple, protocolName } from '../base/tuple.ts';

/** How far behind a function's beginning, or behind its breakpoint, a probe may see itself. */
const ENTRY_BYTES = 16;

/** Which have one name always. */
const STRUCTURES: Readonly<Record<StructureKind, { extra: Extra; name?: string }>> = {
  skb: { extra: EventExtra.Skb, name: 'sk_buff' },
  sharedInfo: { extra: EventExtra.SharedInfo, name: 'skb_shared_info' },
  metadata: { extra: EventExtra.Metadata },
};

type NumberColumn = {
  [K in keyof EventChunk]: EventChunk[K] extends Uint8Array | Uint16Array | Uint32Array | Float64Array
    ? K
    : never;
}[keyof EventChunk];

export class ColumnStore implements EventStore {
  readonly columns = new EventColumns();
  readonly tables = new SharedTables();
  readonly trajectories: TrajectoryTable = new TrajectoryTable(this.columns, (reason) =>
    this.#symbols.dropReason(reason),
  );
  readonly #decoder: RecordDecoder;
  #symbols = new Symbols({ functions: [], dropReasons: [] });
  #realtimeOffset = 0n;
  readonly #structures = new Map<string, StructureLayout>();
  /** Names by inode number. */
  readonly #namespaces = new Map<number, string>();
  /** Texts by record number of the shared tables; made when first asked for. */
  readonly #tuples: (string | undefined)[] = [];
  readonly #addresses: (Pick<TupleParts, 'source' | 'destination'> | undefined)[] = [];
  readonly #comms: (string | undefined)[] = [];
  readonly #deviceNames: (string | undefined)[] = [];
  /** With `readOnce`: events before this one were released. */
  #released: EventIndex = 0;

  constructor(private readonly retention: Retention = DEFAULT_RETENTION) {
    this.#decoder = new RecordDecoder(this.columns, this.tables, this.trajectories, !retention.readOnce);
  }

  /** Names for what the records hold; before the first batch. */
  setSymbols(symbols: Symbols): void {
    this.#symbols = symbols;
    this.#decoder.setSymbols(symbols);
  }

  /** Who hears of every record from now on. */
  setListener(listener: RecordListener | undefined): void {
    this.#decoder.listener = listener;
  }

  /** How to read the memory that events carry. */
  setStructures(layouts: readonly StructureLayout[]): void {
    for (const layout of layouts) this.#structures.set(layout.name, layout);
  }

  /** What network namespaces are called from now on. */
  setNamespaces(namespaces: readonly NamespaceName[]): void {
    for (const { inode, name } of namespaces) this.#namespaces.set(inode, printable(name));
  }

  /** Another agent goes on: nobody is followed any more, and its numbers begin anew. */
  anotherAgent(): void {
    this.trajectories.anotherAgent();
    this.#decoder.forgetLost();
  }

  /** CLOCK_REALTIME − CLOCK_MONOTONIC of the target in nanoseconds. */
  setRealtimeOffset(nanoseconds: bigint): void {
    this.#realtimeOffset = nanoseconds;
  }

  /** Appends the payload of an Events frame. @throws RangeError when it is malformed. */
  append(payload: Uint8Array<ArrayBuffer>): Batch {
    const totals = this.#decoder.decode(payload);
    const { keepEvents, readOnce } = this.retention;
    while (this.#isTooMuch(keepEvents)) this.columns.forgetChunk();
    if (readOnce) this.#forgetReleased();
    else {
      this.trajectories.forgetBefore(this.first);
      this.trajectories.closeLives();
    }
    this.tables.sweep(
      (table, held) => this.#mark(table, held),
      (table, record) => this.#freed(table, record),
    );
    return totals;
  }

  #isTooMuch(keepEvents: number): boolean {
    const kept = this.length - this.first;
    return (
      kept >= keepEvents + CHUNK_EVENTS ||
      (kept > CHUNK_EVENTS && this.columns.extrasBytes > KEEP_EXTRAS_BYTES)
    );
  }

  /** With `readOnce`: events before this one will not be asked for again. */
  release(before: EventIndex): void {
    this.#released = before;
    if (this.retention.readOnce) this.#forgetReleased();
  }

  #forgetReleased(): void {
    while (this.first + CHUNK_EVENTS <= this.#released) this.columns.forgetChunk();
    this.trajectories.forgetOver(Math.max(this.#released, this.first));
  }

  /** Sets by record of a table which ones events and trajectories have. */
  #mark(table: TableName, held: Uint8Array): void {
    for (const [chunk, rows] of this.columns.chunks()) {
      const column = { places: chunk.address, flows: chunk.flow, tasks: chunk.task, devices: chunk.device }[
        table
      ];
      for (let row = 0; row < rows; row++) held[column[row] ?? 0] = 1;
    }
    const { flow, task, device } = this.trajectories.columns;
    const known = { places: undefined, flows: flow, tasks: task, devices: device }[table];
    for (let row = 0; row < this.trajectories.rowCount; row++) held[known?.[row] ?? 0] = 1;
  }

  #freed(table: TableName, record: number): void {
    if (table === 'flows') this.#addresses[record] = undefined;
    if (table === 'places') this.#decoder.forgetPlace(record);
    else ({ flows: this.#tuples, tasks: this.#comms, devices: this.#deviceNames })[table][record] = undefined;
  }

  get functionCounts(): FunctionCounts {
    return this.#decoder.functionCounts;
  }

  get first(): EventIndex {
    return this.columns.first;
  }

  /** What they took in the kernel's ring buffer. */
  get bytes(): number {
    return this.#decoder.bytes;
  }

  get length(): number {
    return this.columns.length;
  }

  time(event: EventIndex): number {
    return this.columns.time(event);
  }

  monotonic(event: EventIndex): bigint {
    return this.#decoder.firstTimestamp + BigInt(this.time(event));
  }

  /** CLOCK_REALTIME of the target. @param time nanoseconds since the first event */
  realtime(time: number): bigint {
    return this.#decoder.firstTimestamp + this.#realtimeOffset + BigInt(time);
  }

  wallClock(event: EventIndex): number {
    const first = this.#decoder.firstTimestamp + this.#realtimeOffset;
    // Microseconds since the epoch are exact in a double until the year 2255.
    return Number(first / 1000n) / 1000 + (Number(first % 1000n) + this.time(event)) / 1e6;
  }

  trajectory(event: EventIndex): TrajectoryId {
    return this.trajectories.whole(this.#number('trajectory', event));
  }

  kind(event: EventIndex): 'function' | 'drop' {
    return this.#number('kind', event) === EventKind.Drop ? 'drop' : 'function';
  }

  edge(event: EventIndex): 'copy' | 'merge' | undefined {
    const kind = this.#number('kind', event);
    return kind === EventKind.Copy ? 'copy' : kind === EventKind.Merge ? 'merge' : undefined;
  }

  function(event: EventIndex): KernelFunction | undefined {
    const place = this.#place(event);
    return this.kind(event) === 'drop' ? this.#symbols.location(place) : this.#symbols.function(place);
  }

  place(event: EventIndex): KernelPlace | undefined {
    const place = this.#place(event);
    if (this.kind(event) === 'drop') {
      const location = this.#symbols.location(place);
      return location && { ...location, offset: location.address - location.start };
    }
    const probed = this.#symbols.function(place);
    if (probed?.program !== undefined) return undefined; // its source is not the kernel's
    return probed && { name: probed.name, module: probed.module, start: probed.address, offset: 0 };
  }

  dropOffset(event: EventIndex): number | undefined {
    if (this.kind(event) !== 'drop') return undefined;
    const location = this.#symbols.location(this.#place(event));
    return location && location.address - location.start;
  }

  functionName(event: EventIndex): string {
    return this.function(event)?.name ?? this.#symbols.text(this.#place(event));
  }

  program(event: EventIndex): TracedProgram | undefined {
    return this.kind(event) === 'drop' ? undefined : this.#symbols.function(this.#place(event))?.program;
  }

  verdict(event: EventIndex): string | undefined {
    if (this.#number('kind', event) !== EventKind.Verdict) return undefined;
    return verdictName(this.program(event)?.kind, this.#number('dropReason', event));
  }

  dropReason(event: EventIndex): string | undefined {
    if (this.kind(event) !== 'drop') return undefined;
    return this.#symbols.dropReason(this.#number('dropReason', event));
  }

  skb(event: EventIndex): string {
    const { low, high } = this.trajectories.skb(this.trajectory(event));
    return `0x${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}`;
  }

  cpu(event: EventIndex): number {
    return this.#number('cpu', event);
  }

  pid(event: EventIndex): number {
    return this.tables.tasks.word(this.#number('task', event), 0);
  }

  comm(event: EventIndex): string {
    const task = this.#number('task', event);
    return (this.#comms[task] ??= printable(textUntilNul(this.tables.tasks.bytes(task, 1))));
  }

  netns(event: EventIndex): number {
    return this.tables.devices.word(this.#number('device', event), 0);
  }

  netnsName(event: EventIndex): string | undefined {
    return this.#namespaces.get(this.netns(event));
  }

  ifindex(event: EventIndex): number {
    return this.tables.devices.word(this.#number('device', event), 1);
  }

  device(event: EventIndex): string | undefined {
    const device = this.#number('device', event);
    return (
      (this.#deviceNames[device] ??= printable(textUntilNul(this.tables.devices.bytes(device, 3)))) ||
      undefined
    );
  }

  mtu(event: EventIndex): number {
    return this.tables.devices.word(this.#number('device', event), 2);
  }

  mark(event: EventIndex): number {
    return this.#number('mark', event);
  }

  packetLength(event: EventIndex): number {
    return this.#number('packetLength', event);
  }

  protocol(event: EventIndex): number {
    return this.#number('protocol', event);
  }

  tuple(event: EventIndex): string | undefined {
    const flow = this.#number('flow', event);
    const known = this.#tuples[flow];
    if (known !== undefined) return known;
    const parts = this.tupleParts(event);
    return parts && (this.#tuples[flow] = formatTuple(parts));
  }

  tupleParts(event: EventIndex): TupleParts | undefined {
    const { flows } = this.tables;
    const flow = this.#number('flow', event);
    const flags = flows.word(flow, 0);
    if ((flags & (TupleFlag.Ipv4 | TupleFlag.Ipv6)) === 0) return undefined;
    const ports = flows.word(flow, 1);
    return {
      ...this.addresses(flow),
      sourcePort: ports & 0xffff,
      destinationPort: ports >>> 16,
      protocol: protocolName((flags >>> 8) & 0xff),
      tcpFlags: this.#number('tcpFlags', event),
    };
  }

  /** Of a record of the flow table that is of IP. */
  addresses(flow: number): Pick<TupleParts, 'source' | 'destination'> {
    const { flows } = this.tables;
    const format = (flows.word(flow, 0) & TupleFlag.Ipv6) === 0 ? formatIpv4 : formatIpv6;
    return (this.#addresses[flow] ??= {
      source: format(flows.bytes(flow, 2, 4)),
      destination: format(flows.bytes(flow, 6, 4)),
    });
  }

  /** What it told on request, as it came. */
  extrasBytes(event: EventIndex): Uint8Array | undefined {
    const { extras } = this.columns.chunk(event);
    const start = extras?.start(this.columns.row(event));
    if (extras === undefined || start === undefined) return undefined;
    const { words } = extras;
    return new Uint8Array(words.buffer, words.byteOffset + start * 4, extrasWords(words, start) * 4);
  }

  hasExtras(event: EventIndex): boolean {
    return this.columns.chunk(event).extras?.start(this.columns.row(event)) !== undefined;
  }

  caller(event: EventIndex): CodeAddress | undefined {
    const found = this.#extra(event, EventExtra.Caller);
    return found && this.#code(callerAddress(found.words, found.at));
  }

  stack(event: EventIndex): CodeAddress[] | undefined {
    const found = this.#extra(event, EventExtra.Stack);
    const frames = found && this.#decoder.stacks.frames(stackId(found.words, found.at));
    if (frames === undefined) return undefined;
    const entry = this.kind(event) === 'function' ? this.#place(event) : undefined;
    return Array.from(frames.subarray(entryFrames(frames, entry)), (low) => this.#code(low));
  }

  packetBytes(event: EventIndex): PacketBytes | undefined {
    const found = this.#extra(event, EventExtra.Packet);
    return found && packetBytes(found.words, found.at);
  }

  structure(event: EventIndex, which: StructureKind): StructureMembers | undefined {
    const found = this.#extra(event, STRUCTURES[which].extra);
    const layout = this.#layout(event, which);
    return found && layout && readStructure(layout, memoryBytes(found.words, found.at));
  }

  members(event: EventIndex, which: StructureKind): Detail[] | undefined {
    const values = this.structure(event, which);
    const layout = this.#layout(event, which);
    return values && layout && memberDetails(layout.members, values);
  }

  #layout(event: EventIndex, which: StructureKind): StructureLayout | undefined {
    const metadata = this.program(event)?.kind === 'xdp' ? XDP_METADATA : SKB_METADATA;
    return this.#structures.get(STRUCTURES[which].name ?? metadata);
  }

  cb(event: EventIndex): number[] | undefined {
    const found = this.#extra(event, EventExtra.Cb);
    const bytes = found && memoryBytes(found.words, found.at);
    return bytes && [...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)];
  }

  tunnel(event: EventIndex): TupleParts | undefined {
    const found = this.#extra(event, EventExtra.Tunnel);
    return found && tunnelTuple(found.words, found.at);
  }

  /** What an event told on request: the words in which, and where. */
  #extra(event: EventIndex, extra: Extra): { words: Uint32Array; at: number } | undefined {
    const { extras } = this.columns.chunk(event);
    const start = extras?.start(this.columns.row(event));
    if (extras === undefined || start === undefined) return undefined;
    const at = findExtra(extras.words, start, extra);
    return at === undefined ? undefined : { words: extras.words, at };
  }

  #code(low: number): CodeAddress {
    const location = this.#symbols.location(low);
    return {
      text: this.#symbols.text(low),
      place: location && { ...location, offset: location.address - location.start },
    };
  }

  lostBefore(event: EventIndex): number {
    return this.#number('lostBefore', event);
  }

  generation(event: EventIndex): number {
    return this.#number('generation', event);
  }

  #number(column: NumberColumn, event: EventIndex): number {
    return this.columns.chunk(event)[column][this.columns.row(event)] ?? 0;
  }

  /** Low 32 bits of the address of its code. */
  #place(event: EventIndex): number {
    return this.tables.place(this.#number('address', event));
  }
}

/** A stack begins with the place of the probe itself, once or twice, which the event tells anyway. */
function entryFrames(frames: Uint32Array, entry: number | undefined): number {
  if (entry === undefined) return 0;
  let count = 0;
  while (count < 2 && ((frames[count] ?? 0) - entry) >>> 0 <= ENTRY_BYTES) count++;
  return count;
}

function textUntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
