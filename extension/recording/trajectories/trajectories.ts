/**
 * Which events belong to one packet's life, and what lives have to do with each other. Who a packet is was decided in
 * the kernel (bpf/events/life.h): each event carries the number of its life. Here lives become trajectories, copies
 * children of what they were made from, and a trajectory with all its copies one story with one outcome.
 */
import type { EventColumns } from '../store/event-columns.ts';
import { newestBelow } from '../store/wrapped.ts';
import type { StoryCounts, Trajectories, TrajectoryEnd } from '../capture.ts';
import { countStory, noStories } from '../story-totals.ts';
import type { EventIndex, TrajectoryId } from '../types.ts';
import { LifeFlag, Lives } from './lives.ts';
import { Reached } from './outcome.ts';
import { NOBODY, NONE, TrajectoryRows } from './trajectory-rows.ts';

/** Which of several ends of a story is its outcome: the first of these. */
const OUTCOMES: readonly TrajectoryEnd[] = [
  'delivered',
  'transmitted',
  'dropped',
  'alive',
  'unknown',
  'merged',
  'consumed',
];

export class TrajectoryTable implements Trajectories {
  length = 0;
  first = 0;
  stories = 0;
  readonly forgotten: StoryCounts = noStories();
  readonly #rows = new TrajectoryRows();
  readonly #lives = new Lives(this.#rows);
  /** Where `event` stopped last: walking forward from there makes reading in order cheap. */
  #cursor = { id: -1, nth: 0, event: 0 };

  constructor(
    private readonly events: EventColumns,
    private readonly reasonName: (reason: number) => string | undefined,
  ) {}

  /** What is known by row: who writes a trajectory knows its row. */
  get columns(): TrajectoryRows['columns'] {
    return this.#rows.columns;
  }

  /** Rows are below this; some may be free. */
  get rowCount(): number {
    return this.#rows.length;
  }

  /**
   * The row of a life's trajectory; NOBODY where the life was forgotten.
   * @param begins the event tells of its begin, as the first one of every life does
   */
  ofLife(life: number, begins: boolean, skbLow: number, skbHigh: number, parentLife: number): number {
    let row = life === 0 ? NOBODY : this.#lives.row(life);
    if (!begins) return row;
    // Told again where a packet that lives already becomes the copy of another.
    if (row === NOBODY || !this.#isSkb(row, skbLow, skbHigh)) row = this.#begin(life, skbLow, skbHigh);
    const parent = parentLife === 0 ? NOBODY : this.#lives.row(parentLife);
    if (parent !== NOBODY && this.columns.parent[row] === NONE && this.#rows.root(parent) !== row)
      this.#adopt(parent, row);
    return row;
  }

  /** Appends an event. @param isFunction not the tracepoint */
  append(row: number, event: EventIndex, isFunction: boolean): void {
    const { first, last, events, functions } = this.columns;
    if (events[row] === 0) first[row] = event;
    else {
      const before = this.events.whole(last[row] ?? 0);
      if (before >= this.events.first) this.events.chunk(before).next[this.events.row(before)] = event;
    }
    last[row] = event;
    events[row]!++;
    if (isFunction) functions[row]!++;
  }

  setEnded(row: number): void {
    this.#lives.end(row);
  }

  /** @param into life of the packet that it becomes a part of; 0: not followed */
  setMerged(row: number, into: number): void {
    this.columns.flags[row]! |= LifeFlag.Merged;
    this.columns.mergedInto[row] = this.#lives.row(into);
  }

  /** XDP redirected it: to where, its child tells, if an skb is made of it. */
  setRedirected(row: number): void {
    this.columns.flags[row]! |= LifeFlag.Redirected;
  }

  /** @returns whether that is new */
  setReached(row: number, reached: Reached): boolean {
    const { reached: before } = this.columns;
    // What a socket has it keeps, whatever reads it.
    if (before[row] === reached || before[row] === Reached.Socket) return false;
    before[row] = reached;
    return true;
  }

  /** @param droppedIn the number of the function, plus one @returns whether it is the trajectory's first drop: that one counts */
  setDropped(row: number, reason: number, droppedIn: number): boolean {
    const { flags, dropReason, droppedIn: places } = this.columns;
    if (((flags[row] ?? 0) & LifeFlag.Dropped) !== 0) return false;
    flags[row]! |= LifeFlag.Dropped;
    dropReason[row] = reason;
    places[row] = droppedIn;
    return true;
  }

  has(id: TrajectoryId): boolean {
    return id < this.length && this.#rows.rowOf(id) !== NOBODY;
  }

  ids(): TrajectoryId[] {
    return this.#rows.ids();
  }

  /** The kernel side has forgotten whom it followed: what has not ended by now was not followed to its end. */
  endFollowing(): void {
    this.#lives.endFollowing();
  }

  /** As endFollowing, and the numbers of lives begin anew. */
  anotherAgent(): void {
    this.#lives.beginAnew();
  }

  eventCount(id: TrajectoryId): number {
    return this.columns.events[this.#row(id)] ?? 0;
  }

  event(id: TrajectoryId, nth: number): EventIndex {
    const row = this.#row(id);
    const count = this.columns.events[row] ?? 0;
    if (!Number.isInteger(nth) || nth < 0 || nth >= count) throw new RangeError(`event ${nth} of ${count}`);
    if (nth === count - 1) return this.#last(row);
    if (nth === 0) return this.#first(row);
    const cursor = this.#cursor;
    if (cursor.id !== id || cursor.nth > nth) this.#cursor = { id, nth: 0, event: this.#first(row) };
    for (; this.#cursor.nth < nth; this.#cursor.nth++) this.#cursor.event = this.#next(this.#cursor.event);
    return this.#cursor.event;
  }

  functionCount(id: TrajectoryId): number {
    return this.columns.functions[this.#row(id)] ?? 0;
  }

  duration(id: TrajectoryId): number {
    const row = this.#row(id);
    if (this.columns.events[row] === 0) return 0;
    return this.events.time(this.#last(row)) - this.events.time(this.#first(row));
  }

  end(id: TrajectoryId): TrajectoryEnd {
    return this.#end(this.#row(id));
  }

  dropReason(id: TrajectoryId): string | undefined {
    return this.#reason(this.#row(id));
  }

  parent(id: TrajectoryId): TrajectoryId | undefined {
    const parent = this.columns.parent[this.#row(id)] ?? NONE;
    return parent === NONE ? undefined : this.#id(parent);
  }

  children(id: TrajectoryId): TrajectoryId[] {
    const { child, sibling } = this.columns;
    const children: TrajectoryId[] = [];
    for (let at = child[this.#row(id)] ?? NONE; at !== NONE; at = sibling[at] ?? NONE)
      children.push(this.#id(at));
    return children.reverse();
  }

  root(id: TrajectoryId): TrajectoryId {
    return this.#id(this.#rows.root(this.#row(id)));
  }

  outcome(root: TrajectoryId): TrajectoryEnd {
    return this.#end(this.deciding(this.#row(root)));
  }

  outcomeReason(root: TrajectoryId): string | undefined {
    return this.#reason(this.deciding(this.#row(root)));
  }

  /** The address of its skb as two words. */
  skb(id: TrajectoryId): { low: number; high: number } {
    const row = this.#row(id);
    return { low: this.columns.skbLow[row] ?? 0, high: this.columns.skbHigh[row] ?? 0 };
  }

  /** The number of a trajectory that an event names by its low 32 bits. */
  whole(low: number): TrajectoryId {
    return newestBelow(this.length, low);
  }

  rootRow(row: number): number {
    return this.#rows.root(row);
  }

  /** Of the members of a story the one whose end is the story's. @param root a row, as what is returned */
  deciding(root: number): number {
    let best = root;
    let rank = this.#rank(root, root);
    for (let row = this.#rows.nextMember(root); row !== NONE; row = this.#rows.nextMember(row)) {
      const own = this.#rank(row, root);
      if (own < rank) [best, rank] = [row, own];
    }
    return best;
  }

  /** What was put together again of a story's own pieces is not what became of it. */
  #rank(row: number, root: number): number {
    const end = this.#end(row);
    const into = end === 'merged' ? (this.columns.mergedInto[row] ?? NONE) : NONE;
    return into !== NONE && this.#rows.root(into) === root ? OUTCOMES.length : OUTCOMES.indexOf(end);
  }

  /** Whether a member of a story has an event before this one that is as asked for. @param root a row */
  someEvent(root: number, before: EventIndex, isWanted: (event: EventIndex) => boolean): boolean {
    const { events } = this.columns;
    for (let row = root; row !== NONE; row = this.#rows.nextMember(row)) {
      let left = events[row] ?? 0;
      for (let event = this.#first(row); left > 0 && event !== before; event = this.#next(event)) {
        if (isWanted(event)) return true;
        if (--left === 0) break;
      }
    }
    return false;
  }

  /** Forgets the trajectories that began before an event, and all of their stories with them. */
  forgetBefore(event: EventIndex): void {
    for (; this.first < this.length; this.first++) {
      const row = this.#rows.rowOf(this.first);
      if (row === NOBODY) continue;
      if (newestBelow(this.events.length + 1, this.columns.begun[row] ?? 0) >= event) return;
      this.#forget(this.#rows.root(row));
    }
  }

  /** Lets go of lives of which nothing more will come; of trajectories nothing. */
  closeLives(): void {
    this.#lives.closeUnheard(this.events.length);
    while (this.#lives.nextOver(() => true) !== NOBODY);
  }

  /** Forgets stories of which nothing more will come, all of whose events are before this one. */
  forgetOver(event: EventIndex): void {
    this.#lives.closeUnheard(this.events.length);
    const isRead = (row: number) => this.columns.events[row] === 0 || this.#last(row) < event;
    for (let row = this.#lives.nextOver(isRead); row !== NOBODY; row = this.#lives.nextOver(isRead)) {
      const root = this.#rows.root(row);
      const open = (this.columns.open[root] ?? 0) - 1;
      this.columns.open[root] = open;
      if (open === 0) this.#forget(root);
    }
  }

  #end(row: number): TrajectoryEnd {
    const flags = this.columns.flags[row] ?? 0;
    if ((flags & LifeFlag.Dropped) !== 0) return 'dropped';
    if ((flags & LifeFlag.Untracked) !== 0) return 'unknown';
    const reached = this.columns.reached[row];
    if (reached === Reached.Socket) return 'delivered';
    if ((flags & LifeFlag.Unheard) !== 0) return 'unknown';
    if ((flags & LifeFlag.Ended) === 0) return 'alive';
    if ((flags & LifeFlag.Merged) !== 0) return 'merged';
    if ((flags & LifeFlag.Redirected) !== 0 && this.columns.child[row] === NONE) return 'transmitted';
    return reached === Reached.Wire ? 'transmitted' : 'consumed';
  }

  #reason(row: number): string | undefined {
    return this.#end(row) === 'dropped' ? this.reasonName(this.columns.dropReason[row] ?? 0) : undefined;
  }

  #isSkb(row: number, low: number, high: number): boolean {
    return this.columns.skbLow[row] === low && this.columns.skbHigh[row] === high;
  }

  #begin(life: number, skbLow: number, skbHigh: number): number {
    const row = this.#rows.take(this.length++);
    const { columns } = this;
    columns.begun[row] = this.events.length;
    columns.skbLow[row] = skbLow;
    columns.skbHigh[row] = skbHigh;
    columns.open[row] = 1;
    this.stories++;
    this.#lives.begin(life, row);
    return row;
  }

  #adopt(parent: number, row: number): void {
    const { columns } = this;
    columns.parent[row] = parent;
    columns.sibling[row] = columns.child[parent] ?? NONE;
    columns.child[parent] = row;
    columns.open[this.#rows.root(parent)]! += columns.open[row] ?? 0;
    this.stories--;
  }

  /** A story, and counts what became of it. @param root a row */
  #forget(root: number): void {
    const decides = this.deciding(root);
    countStory(this.forgotten, this.#end(decides), this.#reason(decides));
    for (let row = root, next = root; next !== NONE; row = next) {
      next = this.#rows.nextMember(row);
      this.#lives.forget(row);
      this.#rows.release(row);
    }
  }

  #id(row: number): TrajectoryId {
    return this.columns.id[row] ?? 0;
  }

  /** @throws RangeError where it is not kept */
  #row(id: TrajectoryId): number {
    const row = id >= 0 && id < this.length ? this.#rows.rowOf(id) : NOBODY;
    if (row === NOBODY) throw new RangeError(`trajectory ${id} of ${this.first} to ${this.length}`);
    return row;
  }

  #first(row: number): EventIndex {
    return this.events.whole(this.columns.first[row] ?? 0);
  }

  #last(row: number): EventIndex {
    return this.events.whole(this.columns.last[row] ?? 0);
  }

  #next(event: EventIndex): EventIndex {
    return this.events.whole(this.events.chunk(event).next[this.events.row(event)] ?? 0);
  }
}
