/**
 * The columns of trajectories. A trajectory keeps its number for ever; its row is given to another one when it is
 * forgotten. Rows of a story refer to one another, because they are forgotten together.
 */
import { ABSENT, NumberMap } from '../store/number-map.ts';
import type { TrajectoryId } from '../types.ts';

/** No parent, child, sibling. */
export const NONE = 0;
/** A row of no trajectory: it takes what is told of lives that were forgotten. */
export const NOBODY = 0;

/** Of a row that is free. */
const FREE = -1;

/** Columns that grow by doubling. */
export interface Columns {
  id: Float64Array;
  /** The number that the kernel gave; 0: none. */
  life: Uint32Array;
  /** The number of the event that came next when it began, and of its first and last one: low 32 bits. */
  begun: Uint32Array;
  first: Uint32Array;
  last: Uint32Array;
  skbLow: Uint32Array;
  skbHigh: Uint32Array;
  parent: Uint32Array;
  /** The newest child, and of each child the one before it. */
  child: Uint32Array;
  sibling: Uint32Array;
  /** Of the root of a story: its members that may still be heard of. */
  open: Uint32Array;
  events: Uint32Array;
  functions: Uint32Array;
  dropReason: Uint32Array;
  /** The function (its number + 1) that it was dropped in, and of a root the one that its story is counted for. */
  droppedIn: Uint32Array;
  countedIn: Uint32Array;
  /** The row that it was put into. */
  mergedInto: Uint32Array;
  flags: Uint8Array;
  reached: Uint8Array;
  // What was last told of it, record numbers of the shared tables.
  flow: Uint32Array;
  task: Uint32Array;
  device: Uint32Array;
  mark: Uint32Array;
  protocol: Uint16Array;
  tcpFlags: Uint8Array;
  generation: Uint16Array;
}

export class TrajectoryRows {
  columns = makeColumns(1024);
  #all = Object.values(this.columns) as Columns[keyof Columns][];
  /** Rows that were in use at some time, NOBODY's included. */
  length = 1;
  readonly #free: number[] = [];
  /** By the low 32 bits of its number. */
  readonly #rowOf = new NumberMap();

  constructor() {
    this.columns.id[NOBODY] = FREE;
  }

  /** A row for a new trajectory, with nothing in it. */
  take(id: TrajectoryId): number {
    const row = this.#free.pop() ?? this.length++;
    if (row === this.columns.id.length) this.#grow();
    for (const column of this.#all) column[row] = 0;
    this.columns.id[row] = id;
    this.#rowOf.set(id >>> 0, row);
    return row;
  }

  #grow(): void {
    this.columns = grown(this.columns, makeColumns(this.columns.id.length * 2));
    this.#all = Object.values(this.columns) as Columns[keyof Columns][];
  }

  release(row: number): void {
    this.#rowOf.delete((this.columns.id[row] ?? 0) >>> 0);
    this.columns.id[row] = FREE;
    this.#free.push(row);
  }

  /** NOBODY: it is not kept. @param id or its low 32 bits */
  rowOf(id: TrajectoryId): number {
    const row = this.#rowOf.get(id >>> 0);
    return row === ABSENT ? NOBODY : row;
  }

  isUsed(row: number): boolean {
    return this.columns.id[row] !== FREE;
  }

  /** Those that are kept, in order. */
  ids(): TrajectoryId[] {
    return [...this.columns.id.subarray(0, this.length).filter((id) => id !== FREE)].sort((a, b) => a - b);
  }

  root(row: number): number {
    const { parent } = this.columns;
    let root = row;
    for (let next = parent[root] ?? NONE; next !== NONE; next = parent[root] ?? NONE) root = next;
    return root;
  }

  /** The member of a story that follows one, so that from the root each comes once; NONE: it was the last. */
  nextMember(row: number): number {
    const { child, sibling, parent } = this.columns;
    let next = child[row] ?? NONE;
    for (let at = row; next === NONE && at !== NONE; at = parent[at] ?? NONE) next = sibling[at] ?? NONE;
    return next;
  }
}

function makeColumns(length: number): Columns {
  const words = () => new Uint32Array(length);
  return {
    id: new Float64Array(length),
    life: words(),
    begun: words(),
    first: words(),
    last: words(),
    skbLow: words(),
    skbHigh: words(),
    parent: words(),
    child: words(),
    sibling: words(),
    open: words(),
    events: words(),
    functions: words(),
    dropReason: words(),
    droppedIn: words(),
    mergedInto: words(),
    countedIn: words(),
    flags: new Uint8Array(length),
    reached: new Uint8Array(length),
    flow: words(),
    task: words(),
    device: words(),
    mark: words(),
    protocol: new Uint16Array(length),
    tcpFlags: new Uint8Array(length),
    generation: new Uint16Array(length),
  };
}

/** Copies every column into the start of its larger one. */
function grown(from: Columns, to: Columns): Columns {
  for (const name of Object.keys(from) as (keyof Columns)[]) to[name].set(from[name]);
  return to;
}
