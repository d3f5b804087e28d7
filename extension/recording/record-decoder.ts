/**
 * Ring buffer records into columns. This is the hot path: typed arrays only, no object and no BigInt an event.
 * Words are read in this machine's byte order, which is the targets' (x86-64 and arm64 are little-endian).
 */
import {
  BeginSectionLayout,
  DeviceSectionLayout,
  EventHeaderLayout,
  EventKind,
  EventSection,
  Ipv4SectionLayout,
  Ipv6SectionLayout,
  LostSectionLayout,
  ProtocolSectionLayout,
  TaskSectionLayout,
  TupleFlag,
  VerdictSectionLayout,
} from '../../common/layouts.ts';
import {
  EventsHeader,
  RINGBUF_DISCARD_BIT,
  RINGBUF_HEADER_BYTES,
  recordStride,
} from '../../common/protocol.ts';
import { extrasWords } from './extras/sections.ts';
import { StackTable } from './extras/stack-table.ts';
import type { RecordListener } from './record-listener.ts';
import type { EventColumns } from './store/event-columns.ts';
import type { SharedTables } from './store/shared-tables.ts';
import { Symbols } from './symbols.ts';
import { FunctionCountTable } from './trajectories/function-counts.ts';
import { isDrop, type Reached, reachedBy } from './trajectories/outcome.ts';
import { NOBODY } from './trajectories/trajectory-rows.ts';
import type { TrajectoryTable } from './trajectories/trajectories.ts';
import { xdpDecides } from './verdicts.ts';

const TWO_32 = 2 ** 32;

/** Index of a 32-bit word. */
const word = (bytes: number) => bytes >>> 2;

/** Totals since the trace began. */
export interface Batch {
  lost: number;
  missed: number;
  untracked: number;
}

export class RecordDecoder {
  #symbols = new Symbols({ functions: [], dropReasons: [] });
  /** Events that arrived, those that are no steps included. */
  received = 0;
  /** What they took in the kernel's ring buffer. */
  bytes = 0;
  listener: RecordListener | undefined;
  /** CLOCK_MONOTONIC of the first event as two words. */
  #baseLow = 0;
  #baseHigh = 0;
  readonly #scratch = new Uint32Array(10);
  /** What the function at each place record says of where a packet is; filled when one is new. */
  readonly #reached: (Reached | null | undefined)[] = [];
  /** Of each CPU, how many lost events it has told about. */
  readonly #lost = new Uint32Array(4096);
  /** As much of it as no step has shown yet: events that are no steps tell of it too. */
  readonly #unshown = new Uint32Array(4096);

  readonly functionCounts: FunctionCountTable;
  readonly stacks = new StackTable();

  constructor(
    private readonly columns: EventColumns,
    private readonly tables: SharedTables,
    private readonly trajectories: TrajectoryTable,
    private readonly countsFunctions: boolean,
  ) {
    this.functionCounts = new FunctionCountTable(columns, trajectories, (record, isDropPlace) => {
      const place = tables.place(record);
      return isDropPlace ? this.#symbols.location(place) : this.#symbols.function(place);
    });
  }

  /** Must come before the first batch. */
  setSymbols(symbols: Symbols): void {
    this.#symbols = symbols;
  }

  /** Each CPU's total of what was lost begins at 0 again. */
  forgetLost(): void {
    this.#lost.fill(0);
  }

  /** A place record is given to another address. */
  forgetPlace(place: number): void {
    this.#reached[place] = undefined;
    this.functionCounts.forgetAddress(place);
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
    const count = view.getFloat64(EventsHeader.count, true);
    const words = new Uint32Array(payload.buffer, 0, payload.length >>> 2);
    this.#check(words, payload.length, count);
    this.bytes += payload.length - EventsHeader.bytes;
    let at: number = EventsHeader.bytes;
    for (let left = count; left > 0; left--) {
      const header = words[word(at)] ?? 0;
      const start = at + RINGBUF_HEADER_BYTES;
      if ((header & RINGBUF_DISCARD_BIT) === 0)
        this.#record(words, word(start), word(start + (header & ~RINGBUF_DISCARD_BIT)));
      at += recordStride(header);
    }
    return {
      lost: view.getFloat64(EventsHeader.lost, true),
      missed: view.getFloat64(EventsHeader.missed, true),
      untracked: view.getFloat64(EventsHeader.untracked, true),
    };
  }

  /** @throws RangeError when the records are not whole: then none of them is taken */
  #check(words: Uint32Array, length: number, count: number): void {
    let at: number = EventsHeader.bytes;
    for (let left = count; left > 0; left--) {
      const header = words[word(at)] ?? 0;
      const bytes = header & ~RINGBUF_DISCARD_BIT;
      const fits = at + RINGBUF_HEADER_BYTES + bytes <= length;
      if (!fits || bytes < EventHeaderLayout.bytes || bytes % 4 !== 0)
        throw new RangeError(`a batch of ${length} bytes ends within its ${count} records`);
      at += recordStride(header);
    }
  }

  /** @param end index of the word behind the event; `of` below is the row of its trajectory */
  #record(words: Uint32Array, at: number, end: number): void {
    const low = words[at] ?? 0;
    const high = words[at + 1] ?? 0;
    if (this.received++ === 0) {
      this.#baseLow = low;
      this.#baseHigh = high;
    }
    const cpuWord = words[at + word(EventHeaderLayout.cpuKind)] ?? 0;
    const sections = cpuWord >>> 16;
    const kind = (cpuWord >>> 12) & 15;
    const cpu = cpuWord & 0xfff;
    const begins = (sections & EventSection.Begin) !== 0;
    let next = at + word(EventHeaderLayout.bytes);
    let extras: number | undefined;
    if ((sections & EventSection.Extras) !== 0) {
      extras = next;
      next += extrasWords(words, next);
      this.stacks.note(words, extras);
    }
    const of = this.trajectories.ofLife(
      words[at + word(EventHeaderLayout.life)] ?? 0,
      begins,
      begins ? (words[next] ?? 0) : 0,
      begins ? (words[next + 1] ?? 0) : 0,
      begins ? (words[next + word(BeginSectionLayout.parent)] ?? 0) : 0,
    );
    if (begins) {
      this.trajectories.columns.generation[of] = words[next + word(BeginSectionLayout.generation)] ?? 0;
      next += word(BeginSectionLayout.bytes);
    }
    next = this.#changes(words, next, sections, of);
    let value = words[next] ?? 0;
    if ((sections & (EventSection.Drop | EventSection.Merge)) !== 0) next++;
    let lostBefore = this.#unshown[cpu] ?? 0;
    if ((sections & EventSection.Lost) !== 0) {
      lostBefore += Math.max(0, ((words[next] ?? 0) - (this.#lost[cpu] ?? 0)) | 0);
      this.#lost[cpu] = words[next] ?? 0;
      next += word(LostSectionLayout.bytes);
    }
    if ((sections & EventSection.Verdict) !== 0) {
      value = words[next] ?? 0;
      next += word(VerdictSectionLayout.bytes);
    }
    if (next !== end) throw new RangeError('an event is not as long as its sections');
    const isStep = of !== NOBODY && (sections & EventSection.Quiet) === 0;
    this.#unshown[cpu] = isStep ? 0 : lostBefore;
    if (of === NOBODY) return;
    if (kind === EventKind.Merge) this.trajectories.setMerged(of, value);
    if (isStep) {
      const time = (high - this.#baseHigh) * TWO_32 + (low - this.#baseLow);
      this.#step(words, at, of, kind, cpu, time, lostBefore, value);
      if (extras !== undefined) this.columns.addExtras(this.columns.length - 1, words, extras);
    } else if (kind === EventKind.Drop) this.#quietDrop(of, words, at, value);
    const ends = (sections & EventSection.Ends) !== 0;
    if (this.listener !== undefined) this.#tell(words, at, of, kind, cpu, value, isStep, ends);
    if (!ends) return;
    this.trajectories.setEnded(of);
    if (this.countsFunctions) this.functionCounts.settle(of);
  }

  #step(
    words: Uint32Array,
    at: number,
    of: number,
    kind: number,
    cpu: number,
    time: number,
    lostBefore: number,
    value: number,
  ): void {
    const event = this.columns.length;
    const chunk = this.columns.append();
    const row = this.columns.row(event);
    const known = this.trajectories.columns;
    const place = this.tables.internPlace(words, at + word(EventHeaderLayout.place));
    const dropped = kind === EventKind.Drop;
    chunk.time[row] = time;
    chunk.address[row] = place;
    chunk.flow[row] = known.flow[of] ?? 0;
    chunk.task[row] = known.task[of] ?? 0;
    chunk.device[row] = known.device[of] ?? 0;
    chunk.dropReason[row] = dropped || kind === EventKind.Verdict ? value : 0;
    chunk.mark[row] = known.mark[of] ?? 0;
    chunk.packetLength[row] = words[at + word(EventHeaderLayout.length)] ?? 0;
    chunk.lostBefore[row] = lostBefore;
    chunk.cpu[row] = cpu;
    chunk.protocol[row] = known.protocol[of] ?? 0;
    chunk.generation[row] = known.generation[of] ?? 0;
    chunk.kind[row] = kind;
    chunk.tcpFlags[row] = known.tcpFlags[of] ?? 0;
    chunk.trajectory[row] = known.id[of] ?? 0;
    this.trajectories.append(of, event, !dropped);
    const { functionCounts } = this;
    if (this.countsFunctions) functionCounts.add(event, place, of, dropped);
    if (dropped) {
      const name = this.#symbols.location(this.tables.place(place))?.name ?? '';
      if (!isDrop(this.#symbols.dropReason(value), name, known.reached[of] as Reached)) return;
      const isFirst = this.trajectories.setDropped(of, value, functionCounts.functionAt(place));
      if (isFirst && this.countsFunctions) functionCounts.settle(of);
      return;
    }
    if (kind === EventKind.Verdict) {
      this.#verdict(of, place, value);
      return;
    }
    let reached = this.#reached[place];
    if (reached === undefined) reached = this.#newPlace(place);
    if (reached === null || !this.trajectories.setReached(of, reached)) return;
    if (this.countsFunctions) functionCounts.settle(of);
  }

  /** What XDP returns decides what becomes of the packet; behind tc it is functions of the kernel that tell. */
  #verdict(of: number, place: number, value: number): void {
    if (this.#symbols.function(this.tables.place(place))?.program?.kind !== 'xdp') return;
    const decided = xdpDecides(value);
    if (decided === undefined) return;
    if (decided === 'redirected') this.trajectories.setRedirected(of);
    else if ('reached' in decided) this.trajectories.setReached(of, decided.reached);
    else this.trajectories.setDropped(of, decided.drop, this.functionCounts.functionAt(place));
    if (this.countsFunctions) this.functionCounts.settle(of);
  }

  /** A drop that is no step: the packet no longer matches a strict filter. What became of it is told. */
  #quietDrop(of: number, words: Uint32Array, at: number, reason: number): void {
    const place = this.tables.places.intern(words, at + word(EventHeaderLayout.place));
    const name = this.#symbols.location(this.tables.place(place))?.name ?? '';
    const reached = this.trajectories.columns.reached[of] as Reached;
    if (isDrop(this.#symbols.dropReason(reason), name, reached))
      this.trajectories.setDropped(of, reason, this.functionCounts.functionAt(place));
  }

  #tell(
    words: Uint32Array,
    at: number,
    of: number,
    kind: number,
    cpu: number,
    value: number,
    isStep: boolean,
    ends: boolean,
  ): void {
    if (isStep) {
      this.listener?.step(this.columns.length - 1, of, ends);
      return;
    }
    const time = ((words[at + 1] ?? 0) - this.#baseHigh) * TWO_32 + ((words[at] ?? 0) - this.#baseLow);
    const place = this.tables.internPlace(words, at + word(EventHeaderLayout.place));
    this.listener?.quiet({ kind, cpu, time, place, value }, of, ends);
  }

  #newPlace(place: number): Reached | null {
    const reached = reachedBy(this.#symbols.function(this.tables.place(place))?.name ?? '') ?? null;
    this.#reached[place] = reached;
    return reached;
  }

  /** Takes what changed of a packet. @returns the word behind these sections */
  #changes(words: Uint32Array, start: number, sections: number, of: number): number {
    const known = this.trajectories.columns;
    const { tables } = this;
    let at = start;
    if ((sections & EventSection.Task) !== 0) {
      known.task[of] = tables.tasks.intern(words, at);
      at += word(TaskSectionLayout.bytes);
    }
    if ((sections & EventSection.Device) !== 0) {
      known.device[of] = tables.devices.intern(words, at);
      at += word(DeviceSectionLayout.bytes);
    }
    let protocol: number | undefined;
    if ((sections & EventSection.Protocol) !== 0) {
      protocol = words[at] ?? 0;
      known.protocol[of] = protocol & 0xffff;
      at += word(ProtocolSectionLayout.bytes);
    }
    const before = known.flow[of] ?? 0;
    const flow = this.#scratch;
    flow.fill(0);
    // Flags and layer 4 protocol stay as they were where only addresses changed.
    flow[0] = protocol === undefined ? tables.flows.word(before, 0) : protocol >>> 16;
    if ((sections & EventSection.Ipv4) !== 0) {
      flow[1] = words[at + word(Ipv4SectionLayout.sourcePort)] ?? 0;
      flow[2] = words[at] ?? 0;
      flow[6] = words[at + word(Ipv4SectionLayout.destination)] ?? 0;
      known.tcpFlags[of] = (words[at + word(Ipv4SectionLayout.tcpFlags)] ?? 0) & 0xff;
      at += word(Ipv4SectionLayout.bytes);
    } else if ((sections & EventSection.Ipv6) !== 0) {
      flow[1] = words[at + word(Ipv6SectionLayout.sourcePort)] ?? 0;
      for (let i = 0; i < 8; i++) flow[2 + i] = words[at + i] ?? 0;
      known.tcpFlags[of] = (words[at + word(Ipv6SectionLayout.tcpFlags)] ?? 0) & 0xff;
      at += word(Ipv6SectionLayout.bytes);
    } else if (protocol !== undefined && ((protocol >>> 16) & (TupleFlag.Ipv4 | TupleFlag.Ipv6)) !== 0) {
      for (let i = 1; i < 10; i++) flow[i] = tables.flows.word(before, i);
    }
    if (protocol !== undefined || (sections & (EventSection.Ipv4 | EventSection.Ipv6)) !== 0)
      known.flow[of] = tables.flows.intern(flow, 0);
    if ((sections & EventSection.Mark) !== 0) known.mark[of] = words[at++] ?? 0;
    return at;
  }
}
