/**
 * How many packets passed each function, counted as their events arrive: typed arrays, nothing allocated an
 * event. A packet counts once for a function, however often it passes it: what is counted are trajectories,
 * not hits. A packet passes a function when its probe was hit, or when the packet was freed or dropped in it.
 */
import { sourceName } from '../../base/symbol.ts';
import type { CountedFunction, FunctionCounts } from '../capture.ts';
import type { EventIndex, KernelFunction, TrajectoryId } from '../types.ts';
import type { EventColumns } from '../store/event-columns.ts';
import type { TrajectoryTable } from './trajectories.ts';

/** Packets that are remembered for each function. */
const LATEST = 8;

/** Of each function, by its number. */
interface Counts {
  packets: Uint32Array;
  dropped: Uint32Array;
  /** The newest trajectory that passed, plus one; 0: none. */
  newest: Uint32Array;
  /** Events, in a ring of LATEST. */
  latest: Uint32Array;
}

export class FunctionCountTable implements FunctionCounts {
  version = 0;
  readonly #functions: KernelFunction[] = [];
  readonly #byName = new Map<string, number[]>();
  /** By record of the address table. */
  readonly #ofAddress: (number | undefined)[] = [];
  #counts = counts(256);
  #from: TrajectoryId = 0;

  /** @param nameAddress names a record of the address table; for a drop, the place that it is in */
  constructor(
    private readonly events: EventColumns,
    private readonly trajectories: Pick<TrajectoryTable, 'event'>,
    private readonly nameAddress: (address: number, isDrop: boolean) => KernelFunction | undefined,
  ) {}

  /** Counts an event that was appended to its trajectory. @param address record of the address table */
  add(event: EventIndex, address: number, id: TrajectoryId, isDrop: boolean): void {
    const number = address in this.#ofAddress ? this.#ofAddress[address] : this.#know(address, isDrop);
    if (number === undefined || id < this.#from) return;
    const { packets, newest, latest } = this.#counts;
    const before = newest[number] ?? 0;
    if (id + 1 === before) return;
    // Trajectories are numbered in order: one above all that passed is new here.
    if (id + 1 > before) newest[number] = id + 1;
    else if (this.#passed(id, number, event)) return;
    const count = packets[number] ?? 0;
    latest[number * LATEST + (count % LATEST)] = event;
    packets[number] = count + 1;
    this.version++;
  }

  /** Counts the end of a trajectory by a drop; its event was added before. */
  addDrop(address: number, id: TrajectoryId): void {
    const number = this.#ofAddress[address];
    if (number === undefined || id < this.#from) return;
    this.#counts.dropped[number]!++;
    this.version++;
  }

  of(name: string): CountedFunction[] {
    const { packets, dropped } = this.#counts;
    return (this.#byName.get(name) ?? [])
      .map((number) => ({
        name,
        module: this.#functions[number]?.module ?? '',
        number,
        packets: packets[number] ?? 0,
        dropped: dropped[number] ?? 0,
      }))
      .filter((passed) => passed.packets > 0);
  }

  functionOf(event: EventIndex): number | undefined {
    return this.#ofAddress[this.#address(event)];
  }

  latest(functionNumber: number): EventIndex[] {
    const count = this.#counts.packets[functionNumber] ?? 0;
    const first = functionNumber * LATEST;
    const kept = Math.min(count, LATEST);
    return Array.from(
      { length: kept },
      (_, back) => this.#counts.latest[first + ((count - 1 - back) % LATEST)] ?? 0,
    );
  }

  countFrom(trajectory: TrajectoryId): void {
    this.#from = trajectory;
    for (const column of Object.values(this.#counts) as Uint32Array[]) column.fill(0);
    this.version++;
  }

  #address(event: EventIndex): number {
    return this.events.chunk(event).address[this.events.row(event)] ?? 0;
  }

  /**
   * Whether a trajectory has an event in a function before this one. Asked only of a packet that reaches a
   * function after a later packet did; a function that it passes again is found among its first steps.
   */
  #passed(id: TrajectoryId, number: number, before: EventIndex): boolean {
    for (let event = this.trajectories.event(id, 0); event !== before;) {
      if (this.functionOf(event) === number) return true;
      event = this.events.chunk(event).next[this.events.row(event)] ?? before;
    }
    return false;
  }

  #know(address: number, isDrop: boolean): number | undefined {
    const known = this.nameAddress(address, isDrop);
    const number = known && this.#numberOf({ name: sourceName(known.name), module: known.module });
    this.#ofAddress[address] = number;
    return number;
  }

  #numberOf({ name, module }: KernelFunction): number {
    const sameName = this.#byName.get(name) ?? [];
    const known = sameName.find((number) => this.#functions[number]?.module === module);
    if (known !== undefined) return known;
    const number = this.#functions.push({ name, module }) - 1;
    this.#byName.set(name, [...sameName, number]);
    if (number === this.#counts.packets.length) this.#counts = grown(this.#counts, counts(number * 2));
    return number;
  }
}

function counts(length: number): Counts {
  return {
    packets: new Uint32Array(length),
    dropped: new Uint32Array(length),
    newest: new Uint32Array(length),
    latest: new Uint32Array(length * LATEST),
  };
}

function grown(from: Counts, to: Counts): Counts {
  for (const name of Object.keys(from) as (keyof Counts)[]) to[name].set(from[name]);
  return to;
}
