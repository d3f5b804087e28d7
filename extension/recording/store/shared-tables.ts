import { InternTable } from './intern-table.ts';

/** Of places that were seen lately: a power of two. */
const RECENT = 4096;

/** Records that are not worth looking for those that nothing holds any more. */
const SWEEP_FROM = 16_384;

export const TABLES = ['places', 'flows', 'tasks', 'devices'] as const;
export type TableName = (typeof TABLES)[number];

/** Things that many events share; an event holds their record numbers. */
export class SharedTables {
  /** Low 32 bits of an address of code. */
  readonly places = new InternTable(1);
  /** Flags and protocol, ports, source, destination. */
  readonly flows = new InternTable(10);
  /** Process id, comm. */
  readonly tasks = new InternTable(5);
  /** Network namespace, ifindex, MTU, name. */
  readonly devices = new InternTable(7);
  /** By the low bits of a place the one that was seen last, and its record + 1: most events need no hash. */
  readonly #recentPlaces = new Uint32Array(RECENT);
  readonly #recentRecords = new Uint32Array(RECENT);
  /** At so many records a table is swept. */
  readonly #limits = { places: SWEEP_FROM, flows: SWEEP_FROM, tasks: SWEEP_FROM, devices: SWEEP_FROM };

  constructor() {
    // Record 0 is what is not known.
    const nothing = new Uint32Array(10);
    for (const table of [this.flows, this.tasks, this.devices]) table.intern(nothing, 0);
  }

  /** The record of the place at `words[at]`. */
  internPlace(words: Uint32Array, at: number): number {
    const place = words[at] ?? 0;
    const slot = (place >>> 4) & (RECENT - 1); // functions are aligned
    const known = this.#recentRecords[slot] ?? 0;
    if (known !== 0 && this.#recentPlaces[slot] === place) return known - 1;
    const record = this.places.intern(words, at);
    this.#recentPlaces[slot] = place;
    this.#recentRecords[slot] = record + 1;
    return record;
  }

  place(record: number): number {
    return this.places.word(record, 0);
  }

  /**
   * Lets go of what only forgotten events had, once a table has twice as many records as were held the last time.
   * @param mark sets, by record, what is held
   */
  sweep(
    mark: (table: TableName, held: Uint8Array) => void,
    free: (table: TableName, record: number) => void,
  ): void {
    for (const name of TABLES) {
      const table = this[name];
      if (table.used < this.#limits[name]) continue;
      const held = new Uint8Array(table.size);
      held[0] = 1;
      mark(name, held);
      table.sweep(held, (record) => free(name, record));
      if (name === 'places') this.#recentRecords.fill(0);
      this.#limits[name] = Math.max(SWEEP_FROM, table.used * 2);
    }
  }
}
