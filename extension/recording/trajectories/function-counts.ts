/**
 * How many packets passed each function, counted as their events arrive: typed arrays, nothing allocated an
 * event. A packet counts once for a function, however often it and its copies pass it: what is counted are stories,
 * not hits. A packet passes a function when its probe was hit, or when the packet was freed or dropped in it. Counts
 * stay when packets are forgotten.
 */
import { sourceName } from '../../base/symbol.ts';
import type { CountedFunction, FunctionCounts } from '../capture.ts';
import type { EventIndex, KernelFunction, TrajectoryId } from '../types.ts';
import type { EventColumns } from '../store/event-columns.ts';
import { LifeFlag } from './lives.ts';
import type { TrajectoryTable } from './trajectories.ts';

/** Packets that are remembered for each function. */
const LATEST = 8;
/** No function's number. */
const UNKNOWN = -1;

/** Of each function, by its number. */
interface Counts {
  packets: Float64Array;
  dropped: Float64Array;
  /** The newest story that passed, plus one; 0: none. */
  newest: Float64Array;
  /** Events, in a ring of LATEST. */
  latest: Float64Array;
}

export class FunctionCountTable implements FunctionCounts {
  version = 0;
  readonly #functions: KernelFunction[] = [];
  readonly #byName = new Map<string, number[]>();
  /** By record of the address table; UNKNOWN where it is in no function, undefined where that was not looked up. */
  readonly #ofAddress: (number | undefined)[] = [];
  #counts = counts(256);
  #from: TrajectoryId = 0;
  #storiesBefore = 0;

  /** @param nameAddress names a record of the address table; for a drop, the place that it is in */
  constructor(
    private readonly events: EventColumns,
    private readonly trajectories: TrajectoryTable,
    private readonly nameAddress: (address: number, isDrop: boolean) => KernelFunction | undefined,
  ) {}

  get packets(): number {
    return Math.max(0, this.trajectories.stories - this.#storiesBefore);
  }

  /** Counts an event that was appended to its trajectory. @param address record of the address table */
  add(event: EventIndex, address: number, row: number, isDrop: boolean): void {
    const number = this.#ofAddress[address] ?? this.#know(address, isDrop);
    if (number === UNKNOWN) return;
    const root = this.trajectories.rootRow(row);
    const story = this.#id(root);
    if (story < this.#from) return;
    const { packets, newest, latest } = this.#counts;
    const before = newest[number] ?? 0;
    if (story + 1 === before) return;
    // Stories are numbered in order: one above all that passed is new here.
    if (story + 1 > before) newest[number] = story + 1;
    else if (this.#passed(root, number, event)) return;
    const count = packets[number] ?? 0;
    latest[number * LATEST + (count % LATEST)] = event;
    packets[number] = count + 1;
    this.version++;
  }

  /** The function of a record of the address table, plus one; 0: not known. An event of it was added before. */
  functionAt(address: number): number {
    return (this.#ofAddress[address] ?? UNKNOWN) + 1;
  }

  /**
   * A trajectory got on or ended: the story counts as dropped where the drop is that decides it, and no more when a
   * copy arrives after all.
   */
  settle(row: number): void {
    const root = this.trajectories.rootRow(row);
    const { flags, droppedIn, countedIn } = this.trajectories.columns;
    const counted = countedIn[root] ?? 0;
    if (counted === 0 && ((flags[row] ?? 0) & LifeFlag.Dropped) === 0) return;
    const decides = this.trajectories.deciding(root);
    const isDropped = ((flags[decides] ?? 0) & LifeFlag.Dropped) !== 0;
    const now = isDropped ? (droppedIn[decides] ?? 0) : 0;
    if (now === counted || this.#id(root) < this.#from) return;
    countedIn[root] = now;
    const { dropped } = this.#counts;
    if (counted > 0) dropped[counted - 1]!--;
    if (now > 0) dropped[now - 1]!++;
    this.version++;
  }

  /** A record of the address table is given to another address. */
  forgetAddress(address: number): void {
    this.#ofAddress[address] = undefined;
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
    const number = this.#ofAddress[this.#address(event)];
    return number === UNKNOWN ? undefined : number;
  }

  latest(functionNumber: number): EventIndex[] {
    const count = this.#counts.packets[functionNumber] ?? 0;
    const first = functionNumber * LATEST;
    const kept = Math.min(count, LATEST);
    return Array.from(
      { length: kept },
      (_, back) => this.#counts.latest[first + ((count - 1 - back) % LATEST)] ?? 0,
    ).filter((event) => event >= this.events.first && this.trajectories.has(this.#trajectory(event)));
  }

  countFrom(trajectory: TrajectoryId): void {
    this.#from = trajectory;
    this.#storiesBefore = this.trajectories.stories;
    for (const column of Object.values(this.#counts) as Float64Array[]) column.fill(0);
    this.version++;
  }

  #address(event: EventIndex): number {
    return this.events.chunk(event).address[this.events.row(event)] ?? 0;
  }

  #trajectory(event: EventIndex): TrajectoryId {
    return this.trajectories.whole(this.events.chunk(event).trajectory[this.events.row(event)] ?? 0);
  }

  #id(row: number): TrajectoryId {
    return this.trajectories.columns.id[row] ?? 0;
  }

  /**
   * Whether a story has an event in a function before this one. Asked only of a packet that reaches a
   * function after a later packet did; a function that it passes again is found among its first steps.
   */
  #passed(root: number, number: number, before: EventIndex): boolean {
    return this.trajectories.someEvent(root, before, (event) => this.functionOf(event) === number);
  }

  #know(address: number, isDrop: boolean): number {
    const known = this.nameAddress(address, isDrop);
    const number =
      known === undefined ? UNKNOWN : this.#numberOf({ name: sourceName(known.name), module: known.module });
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
    packets: new Float64Array(length),
    dropped: new Float64Array(length),
    newest: new Float64Array(length),
    latest: new Float64Array(length * LATEST),
  };
}

function grown(from: Counts, to: Counts): Counts {
  for (const name of Object.keys(from) as (keyof Counts)[]) to[name].set(from[name]);
  return to;
}
