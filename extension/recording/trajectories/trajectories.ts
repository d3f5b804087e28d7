/**
 * Which events belong to one packet's life.
 *
 * Identity is the address of the `struct sk_buff` and a generation: slab memory is reused within microseconds
 * and pointers alone would glue strangers together. A new trajectory starts at an address
 *  - when it was never seen;
 *  - after a release (release-phase.ts): the first event that is not part of it, and also a further release
 *    step with another `skb->head`;
 *  - when `skb->head` changed unseen and the events in between may be missing: more than `GAP_NS` passed or
 *    the kernel lost events. A change alone proves nothing: with a function pattern, pskb_expand_head may not
 *    be probed.
 *
 * Doubts. Where neither release functions nor drops are probed and heads are reused as well, two lives within
 * `GAP_NS` are told as one. A lost pskb_expand_head cuts one life in two. A function that a destructor of an
 * unusual name calls on its skb counts as a new life. Clones and copies are trajectories of their own.
 */
import { kernelAddress } from '../../../common/kernel-address.ts';
import { NO_EVENT, type EventColumns } from '../store/event-columns.ts';
import { InternTable } from '../store/intern-table.ts';
import { isReleased, nextPhase, startsNewLife, Step, type Phase } from './release-phase.ts';
import type { Trajectories } from '../capture.ts';
import type { EventIndex, TrajectoryId } from '../types.ts';

/** An skb that waits longer than this for its next function is rare; an address reused after it is not. */
const GAP_NS = 5e9;

const End = { Alive: 0, Freed: 1, Dropped: 2 } as const;

/** Columns that grow by doubling. */
interface Columns {
  skb: Uint32Array;
  first: Uint32Array;
  last: Uint32Array;
  events: Uint32Array;
  functions: Uint32Array;
  dropReason: Uint32Array;
  end: Uint8Array;
}

/** The current life at each skb address. */
interface Lives {
  trajectory: Uint32Array;
  headLow: Uint32Array;
  headHigh: Uint32Array;
  lost: Uint32Array;
  time: Float64Array;
  phase: Uint8Array;
}

export class TrajectoryTable implements Trajectories {
  length = 0;
  readonly #addresses = new InternTable(2);
  #columns = trajectoryColumns(1024);
  #lives = liveColumns(1024);
  /** Events lost so far: differs from a life's mark when some may be missing in it. */
  #lost = 0;
  /** Where `event` stopped last: walking forward from there makes reading in order cheap. */
  #cursor = { id: NO_EVENT, nth: 0, event: 0 };

  constructor(
    private readonly events: EventColumns,
    private readonly reasonName: (reason: number) => string | undefined,
  ) {}

  /**
   * Puts the event that was just appended into its trajectory and returns that.
   * @param words the record; `at` is the place of its skb address, followed by `head`.
   */
  add(
    event: EventIndex,
    words: Uint32Array,
    at: number,
    time: number,
    step: Step,
    lostBefore: number,
  ): TrajectoryId {
    const address = this.#addresses.intern(words, at);
    if (address === this.#lives.phase.length) this.#lives = grown(this.#lives, liveColumns(address * 2));
    this.#lost = (this.#lost + lostBefore) >>> 0;
    const lives = this.#lives;
    const headLow = words[at + 2] ?? 0;
    const headHigh = words[at + 3] ?? 0;
    const phase = (lives.phase[address] ?? 0) as Phase;
    const sameHead = lives.headLow[address] === headLow && lives.headHigh[address] === headHigh;
    let id = lives.trajectory[address] ?? NO_EVENT;
    const isNew =
      id === NO_EVENT ||
      startsNewLife(phase, step) ||
      (!sameHead &&
        (isReleased(phase) ||
          lives.lost[address] !== this.#lost ||
          time - (lives.time[address] ?? 0) > GAP_NS));
    if (isNew) id = this.#begin(address, event);
    else this.#append(id, event);
    const next = nextPhase(isNew ? Step.Other : phase, step);
    lives.trajectory[address] = id;
    lives.headLow[address] = headLow;
    lives.headHigh[address] = headHigh;
    lives.lost[address] = this.#lost;
    lives.time[address] = time;
    lives.phase[address] = next;
    if (isReleased(next) && this.#columns.end[id] === End.Alive) this.#columns.end[id] = End.Freed;
    if (step !== Step.Drop) this.#columns.functions[id] = (this.#columns.functions[id] ?? 0) + 1;
    return id;
  }

  /**
   * The tracepoint's reason for the trajectory that just got its Drop step.
   * @returns whether it is the trajectory's first: that one counts
   */
  setDropped(id: TrajectoryId, reason: number): boolean {
    if (this.#columns.end[id] === End.Dropped) return false;
    this.#columns.end[id] = End.Dropped;
    this.#columns.dropReason[id] = reason;
    return true;
  }

  eventCount(id: TrajectoryId): number {
    return this.#columns.events[this.#known(id)] ?? 0;
  }

  event(id: TrajectoryId, nth: number): EventIndex {
    const count = this.eventCount(id);
    if (!Number.isInteger(nth) || nth < 0 || nth >= count) throw new RangeError(`event ${nth} of ${count}`);
    if (nth === count - 1) return this.#columns.last[id] ?? 0;
    if (nth === 0) return this.#columns.first[id] ?? 0;
    const cursor = this.#cursor;
    if (cursor.id !== id || cursor.nth > nth)
      this.#cursor = { id, nth: 0, event: this.#columns.first[id] ?? 0 };
    for (; this.#cursor.nth < nth; this.#cursor.nth++) {
      const { event } = this.#cursor;
      this.#cursor.event = this.events.chunk(event).next[this.events.row(event)] ?? 0;
    }
    return this.#cursor.event;
  }

  functionCount(id: TrajectoryId): number {
    return this.#columns.functions[this.#known(id)] ?? 0;
  }

  duration(id: TrajectoryId): number {
    const { first, last } = this.#columns;
    this.#known(id);
    return this.events.time(last[id] ?? 0) - this.events.time(first[id] ?? 0);
  }

  end(id: TrajectoryId): 'alive' | 'freed' | 'dropped' {
    const end = this.#columns.end[this.#known(id)];
    return end === End.Dropped ? 'dropped' : end === End.Freed ? 'freed' : 'alive';
  }

  dropReason(id: TrajectoryId): string | undefined {
    if (this.end(id) !== 'dropped') return undefined;
    return this.reasonName(this.#columns.dropReason[id] ?? 0);
  }

  /** The low 48 bits of the skb's address, and its number among the addresses seen. */
  skb(id: TrajectoryId): { record: number; address: number } {
    const record = this.#columns.skb[this.#known(id)] ?? 0;
    return {
      record,
      address: kernelAddress(this.#addresses.word(record, 0), this.#addresses.word(record, 1)),
    };
  }

  #known(id: TrajectoryId): TrajectoryId {
    if (!(id >= 0 && id < this.length)) throw new RangeError(`trajectory ${id} of ${this.length}`);
    return id;
  }

  #begin(address: number, event: EventIndex): TrajectoryId {
    const id = this.length++;
    if (id === this.#columns.end.length) this.#columns = grown(this.#columns, trajectoryColumns(id * 2));
    this.#columns.skb[id] = address;
    this.#columns.first[id] = event;
    this.#columns.last[id] = event;
    this.#columns.events[id] = 1;
    return id;
  }

  #append(id: TrajectoryId, event: EventIndex): void {
    const last = this.#columns.last[id] ?? 0;
    this.events.chunk(last).next[this.events.row(last)] = event;
    this.#columns.last[id] = event;
    this.#columns.events[id] = (this.#columns.events[id] ?? 0) + 1;
  }
}

function trajectoryColumns(length: number): Columns {
  const column = () => new Uint32Array(length);
  return {
    skb: column(),
    first: column(),
    last: column(),
    events: column(),
    functions: column(),
    dropReason: column(),
    end: new Uint8Array(length),
  };
}

function liveColumns(length: number): Lives {
  return {
    trajectory: new Uint32Array(length).fill(NO_EVENT),
    headLow: new Uint32Array(length),
    headHigh: new Uint32Array(length),
    lost: new Uint32Array(length),
    time: new Float64Array(length),
    phase: new Uint8Array(length),
  };
}

/** Copies every column into the start of its larger one. */
function grown<T extends { [K in keyof T]: Uint8Array | Uint32Array | Float64Array }>(from: T, to: T): T {
  for (const name of Object.keys(from) as (keyof T)[]) to[name].set(from[name]);
  return to;
}
