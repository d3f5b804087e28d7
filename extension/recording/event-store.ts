/** Reads events, field by field, from the columns that the decoder fills. */
import { formatKernelAddress } from '../../common/kernel-address.ts';
import { EventFlag, EventKind } from '../../common/layouts.ts';
import type { EventStore } from './capture.ts';
import type { TupleParts } from '../base/tuple.ts';
import type { EventIndex, KernelFunction, KernelPlace, TrajectoryId } from './types.ts';
import { EventColumns, type EventChunk } from './store/event-columns.ts';
import type { FunctionCounts } from './capture.ts';
import { RecordDecoder, SharedTables, type Batch } from './record-decoder.ts';
import { Symbols } from './symbols.ts';
import { TrajectoryTable } from './trajectories/trajectories.ts';
import { formatIpv4, formatIpv6, formatTuple, protocolName } from '../base/tuple.ts';

type NumberColumn = {
  [K in keyof EventChunk]: EventChunk[K] extends Uint8Array | Uint16Array | Uint32Array | Float64Array
    ? K
    : never;
}[keyof EventChunk];

export class ColumnStore implements EventStore {
  readonly #columns = new EventColumns();
  readonly #tables = new SharedTables();
  readonly trajectories: TrajectoryTable = new TrajectoryTable(this.#columns, (reason) =>
    this.#symbols.dropReason(reason),
  );
  readonly #decoder = new RecordDecoder(this.#columns, this.#tables, this.trajectories);
  #symbols = new Symbols({ functions: [], dropReasons: [], devices: [] });
  #realtimeOffset = 0n;
  /** Texts by record number of the shared tables; made when first asked for. */
  readonly #tuples: (string | undefined)[] = [];
  readonly #comms: string[] = [];
  readonly #deviceNames: (string | undefined)[] = [];
  readonly #skbs: string[] = [];

  /** Names for what the records hold; before the first batch. */
  setSymbols(symbols: Symbols): void {
    this.#symbols = symbols;
    this.#decoder.setSymbols(symbols);
  }

  /** CLOCK_REALTIME − CLOCK_MONOTONIC of the target in nanoseconds. */
  setRealtimeOffset(nanoseconds: bigint): void {
    this.#realtimeOffset = nanoseconds;
  }

  /** Appends the payload of an Events frame. @throws RangeError when it is malformed. */
  append(payload: Uint8Array<ArrayBuffer>): Batch {
    return this.#decoder.decode(payload);
  }

  get functionCounts(): FunctionCounts {
    return this.#decoder.functionCounts;
  }

  get length(): number {
    return this.#columns.length;
  }

  time(event: EventIndex): number {
    return this.#columns.time(event);
  }

  monotonic(event: EventIndex): bigint {
    return this.#decoder.firstTimestamp + BigInt(this.time(event));
  }

  wallClock(event: EventIndex): number {
    const first = this.#decoder.firstTimestamp + this.#realtimeOffset;
    // Microseconds since the epoch are exact in a double until the year 2255.
    return Number(first / 1000n) / 1000 + (Number(first % 1000n) + this.time(event)) / 1e6;
  }

  trajectory(event: EventIndex): TrajectoryId {
    return this.#number('trajectory', event);
  }

  kind(event: EventIndex): 'function' | 'drop' {
    return this.#number('kind', event) === EventKind.Drop ? 'drop' : 'function';
  }

  function(event: EventIndex): KernelFunction | undefined {
    const address = this.#address(event);
    return this.kind(event) === 'drop' ? this.#symbols.location(address) : this.#symbols.function(address);
  }

  place(event: EventIndex): KernelPlace | undefined {
    const address = this.#address(event);
    if (this.kind(event) === 'drop') {
      const location = this.#symbols.location(address);
      return location && { ...location, offset: address - location.start };
    }
    const probed = this.#symbols.function(address);
    return probed && { name: probed.name, module: probed.module, start: address, offset: 0 };
  }

  dropOffset(event: EventIndex): number | undefined {
    if (this.kind(event) !== 'drop') return undefined;
    const location = this.#symbols.location(this.#address(event));
    return location && location.address - location.start;
  }

  functionName(event: EventIndex): string {
    return this.function(event)?.name ?? formatKernelAddress(this.#address(event));
  }

  dropReason(event: EventIndex): string | undefined {
    if (this.kind(event) !== 'drop') return undefined;
    return this.#symbols.dropReason(this.#number('dropReason', event));
  }

  skb(event: EventIndex): string {
    const { record, address } = this.trajectories.skb(this.trajectory(event));
    return (this.#skbs[record] ??= formatKernelAddress(address));
  }

  cpu(event: EventIndex): number {
    return this.#number('cpu', event);
  }

  pid(event: EventIndex): number {
    return this.#tables.tasks.word(this.#number('task', event), 0);
  }

  comm(event: EventIndex): string {
    const task = this.#number('task', event);
    return (this.#comms[task] ??= textUntilNul(this.#tables.tasks.bytes(task, 1)));
  }

  netns(event: EventIndex): number {
    return this.#tables.devices.word(this.#number('device', event), 0);
  }

  ifindex(event: EventIndex): number {
    return this.#tables.devices.word(this.#number('device', event), 1);
  }

  device(event: EventIndex): string | undefined {
    const device = this.#number('device', event);
    if (!(device in this.#deviceNames))
      this.#deviceNames[device] = this.#symbols.device(this.netns(event), this.ifindex(event));
    return this.#deviceNames[device];
  }

  mtu(event: EventIndex): number {
    return this.#tables.devices.word(this.#number('device', event), 2);
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
    if (!(flow in this.#tuples)) {
      const parts = this.tupleParts(event);
      this.#tuples[flow] = parts && formatTuple(parts);
    }
    return this.#tuples[flow];
  }

  tupleParts(event: EventIndex): TupleParts | undefined {
    const { flows } = this.#tables;
    const flow = this.#number('flow', event);
    const flags = flows.word(flow, 0);
    if ((flags & EventFlag.Tuple) === 0) return undefined;
    const format = (flags & EventFlag.Ipv6) === 0 ? formatIpv4 : formatIpv6;
    const ports = flows.word(flow, 1);
    return {
      source: format(flows.bytes(flow, 2, 4)),
      sourcePort: ports & 0xffff,
      destination: format(flows.bytes(flow, 6, 4)),
      destinationPort: ports >>> 16,
      protocol: protocolName((flags >>> 8) & 0xff),
      tcpFlags: this.#number('tcpFlags', event),
    };
  }

  lostBefore(event: EventIndex): number {
    return this.#number('lostBefore', event);
  }

  generation(event: EventIndex): number {
    return this.#number('generation', event);
  }

  #number(column: NumberColumn, event: EventIndex): number {
    return this.#columns.chunk(event)[column][this.#columns.row(event)] ?? 0;
  }

  #address(event: EventIndex): number {
    return this.#tables.address(this.#number('address', event));
  }
}

function textUntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
