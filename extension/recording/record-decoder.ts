/**
 * Ring buffer records into columns. This is the hot path: typed arrays only, no object and no BigInt an event.
 * Words are read in this machine's byte order, which is the targets' (x86-64 and arm64 are little-endian).
 */
import { kernelAddress, type KernelAddress } from '../../common/kernel-address.ts';
import { EventsHeader, RINGBUF_DISCARD_BIT, RINGBUF_HEADER_BYTES } from '../../common/protocol.ts';
import { EventFlag, EventKind, EventLayout } from '../../common/layouts.ts';
import { NO_EVENT, type EventColumns } from './store/event-columns.ts';
import { InternTable } from './store/intern-table.ts';
import { FunctionCountTable } from './trajectories/function-counts.ts';
import { Step, stepOf } from './trajectories/release-phase.ts';
import { Symbols } from './symbols.ts';
import type { TrajectoryTable } from './trajectories/trajectories.ts';

const TWO_32 = 2 ** 32;
const FLOW_FLAGS = EventFlag.Tuple | EventFlag.Ipv6 | EventFlag.Fragment;

/** Things that many events share; an event holds their record numbers. */
export class SharedTables {
  /** u64 address. */
  readonly addresses = new InternTable(2);
  /** Flags and protocol, ports, source, destination. */
  readonly flows = new InternTable(10);
  /** Process id, comm. */
  readonly tasks = new InternTable(5);
  /** Network namespace, ifindex, MTU. */
  readonly devices = new InternTable(3);

  /** The address of a record. */
  address(record: number): KernelAddress {
    return kernelAddress(this.addresses.word(record, 0), this.addresses.word(record, 1));
  }
}

/** Index of a 32-bit word of EventLayout. */
const word = (byteOffset: number) => byteOffset >>> 2;

const TIMESTAMP = word(EventLayout.timestamp);
const SKB = word(EventLayout.skb);
const ADDRESS = word(EventLayout.address);
const DROP_REASON = word(EventLayout.dropReason);
const NETNS = word(EventLayout.netns);
const MARK = word(EventLayout.mark);
const LEN = word(EventLayout.len);
const PID = word(EventLayout.pid);
/** cpu, kind and flags */
const CPU = word(EventLayout.cpu);
/** protocol and source port */
const PROTOCOL = word(EventLayout.protocol);
/** destination port, layer 4 protocol and TCP flags */
const DESTINATION_PORT = word(EventLayout.destinationPort);
const SOURCE_ADDRESS = word(EventLayout.sourceAddress);
const DESTINATION_ADDRESS = word(EventLayout.destinationAddress);
const COMM = word(EventLayout.comm);
const LOST_BEFORE = word(EventLayout.lostBefore);
const GENERATION = word(EventLayout.generation);

export interface Batch {
  /** Events the kernel lost since the trace began. */
  lost: number;
}

export class RecordDecoder {
  #symbols = new Symbols({ functions: [], dropReasons: [], devices: [] });
  /** CLOCK_MONOTONIC of the first event as two words. */
  #baseLow = 0;
  #baseHigh = 0;
  readonly #scratch = new Uint32Array(10);
  /** Step of each address record; filled when one is new. */
  readonly #steps: Step[] = [];

  readonly functionCounts: FunctionCountTable;

  constructor(
    private readonly columns: EventColumns,
    private readonly tables: SharedTables,
    private readonly trajectories: TrajectoryTable,
  ) {
    this.functionCounts = new FunctionCountTable(columns, trajectories, (record, isDrop) => {
      const address = tables.address(record);
      return isDrop ? this.#symbols.location(address) : this.#symbols.function(address);
    });
  }

  /** Must come before the first batch. */
  setSymbols(symbols: Symbols): void {
    this.#symbols = symbols;
  }

  /** CLOCK_MONOTONIC of the first event in nanoseconds. */
  get firstTimestamp(): bigint {
    return (BigInt(this.#baseHigh) << 32n) | BigInt(this.#baseLow);
  }

  /**
   * Appends a batch: the payload of an Events frame, at offset 0 of its buffer.
   * @throws RangeError when the payload is not what its header says.
   */
  decode(payload: Uint8Array<ArrayBuffer>): Batch {
    if (payload.length < EventsHeader.bytes) throw new RangeError(`a batch of ${payload.length} bytes`);
    const view = new DataView(payload.buffer);
    const count = view.getUint32(EventsHeader.count, true);
    const stride = view.getUint32(EventsHeader.stride, true);
    const fits = EventsHeader.bytes + count * stride <= payload.length;
    if (!fits || stride % 4 !== 0 || stride < RINGBUF_HEADER_BYTES + EventLayout.bytes)
      throw new RangeError(`a batch of ${payload.length} bytes says ${count} records of ${stride} bytes`);
    const words = new Uint32Array(payload.buffer, 0, payload.length >>> 2);
    let header = word(EventsHeader.bytes);
    for (let i = 0; i < count; i++, header += stride >>> 2) {
      if (((words[header] ?? 0) & RINGBUF_DISCARD_BIT) === 0)
        this.#record(words, header + word(RINGBUF_HEADER_BYTES));
    }
    return { lost: view.getFloat64(EventsHeader.lost, true) };
  }

  #record(words: Uint32Array, at: number): void {
    const event = this.columns.length;
    const low = words[at + TIMESTAMP] ?? 0;
    const high = words[at + TIMESTAMP + 1] ?? 0;
    if (event === 0) {
      this.#baseLow = low;
      this.#baseHigh = high;
    }
    const chunk = this.columns.append();
    const row = this.columns.row(event);
    const time = (high - this.#baseHigh) * TWO_32 + (low - this.#baseLow);
    const cpuWord = words[at + CPU] ?? 0;
    const kind = (cpuWord >>> 16) & 0xff;
    const address = this.tables.addresses.intern(words, at + ADDRESS);
    const reason = words[at + DROP_REASON] ?? 0;
    const lostBefore = words[at + LOST_BEFORE] ?? 0;
    chunk.time[row] = time;
    chunk.next[row] = NO_EVENT;
    chunk.address[row] = address;
    chunk.flow[row] = this.#flow(words, at, cpuWord >>> 24);
    chunk.task[row] = this.#task(words, at);
    chunk.device[row] = this.tables.devices.intern(words, at + NETNS);
    chunk.dropReason[row] = reason;
    chunk.mark[row] = words[at + MARK] ?? 0;
    chunk.packetLength[row] = words[at + LEN] ?? 0;
    chunk.lostBefore[row] = lostBefore;
    chunk.cpu[row] = cpuWord & 0xffff;
    chunk.protocol[row] = (words[at + PROTOCOL] ?? 0) & 0xffff;
    chunk.generation[row] = words[at + GENERATION] ?? 0;
    chunk.kind[row] = kind;
    chunk.tcpFlags[row] = (words[at + DESTINATION_PORT] ?? 0) >>> 24;
    const isDrop = kind === EventKind.Drop;
    const step = isDrop ? Step.Drop : (this.#steps[address] ?? this.#newStep(address));
    const id = this.trajectories.add(event, words, at + SKB, time, step, lostBefore);
    chunk.trajectory[row] = id;
    this.functionCounts.add(event, address, id, isDrop);
    if (isDrop && this.#symbols.isDrop(reason) && this.trajectories.setDropped(id, reason))
      this.functionCounts.addDrop(address, id);
  }

  #newStep(address: number): Step {
    const step = stepOf(this.#symbols.function(this.tables.address(address))?.name ?? '');
    this.#steps[address] = step;
    return step;
  }

  #task(words: Uint32Array, at: number): number {
    const record = this.#scratch;
    record[0] = words[at + PID] ?? 0;
    for (let i = 0; i < 4; i++) record[1 + i] = words[at + COMM + i] ?? 0;
    return this.tables.tasks.intern(record, 0);
  }

  #flow(words: Uint32Array, at: number, flags: number): number {
    const record = this.#scratch;
    const destination = words[at + DESTINATION_PORT] ?? 0;
    const hasTuple = (flags & EventFlag.Tuple) !== 0;
    // Bytes that mean nothing must not make records differ.
    const addressWords = !hasTuple ? 0 : (flags & EventFlag.Ipv6) !== 0 ? 4 : 1;
    record[0] = hasTuple ? (flags & FLOW_FLAGS) | ((destination >>> 8) & 0xff00) : 0;
    record[1] = hasTuple ? ((words[at + PROTOCOL] ?? 0) >>> 16) | ((destination & 0xffff) << 16) : 0;
    for (let i = 0; i < 4; i++) {
      record[2 + i] = i < addressWords ? (words[at + SOURCE_ADDRESS + i] ?? 0) : 0;
      record[6 + i] = i < addressWords ? (words[at + DESTINATION_ADDRESS + i] ?? 0) : 0;
    }
    return this.tables.flows.intern(record, 0);
  }
}
