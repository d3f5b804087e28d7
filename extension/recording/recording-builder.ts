/**
 * Makes a recording of facts and of events, told in the order in which they happened: by an agent that traces, or by a
 * file of what one told. Views hear of everything at once.
 */
import { EventEmitter } from 'node:events';
import { ProtocolError } from '../../common/errors.ts';
import { readEventsHeader } from '../../common/messages.ts';
import type { Attached, Hello, KernelBuild, ModulesLoaded } from '../../common/protocol.ts';
import type {
  CaptureEnd,
  CaptureEvents,
  FunctionCounts,
  LossTotals,
  Recording,
  TracePause,
  Trajectories,
} from './capture.ts';
import { ColumnStore } from './event-store.ts';
import { endFact, endOf, type Fact, filterOf } from './facts.ts';
import type { CaptureFilter } from './filters.ts';
import type { RecordListener } from './record-listener.ts';
import type { Retention } from './retention.ts';
import { Symbols } from './symbols.ts';
import type { EventIndex } from './types.ts';

/** Hears of all that a recording is made of, in order. */
export interface RecordingTap extends RecordListener {
  fact(fact: Fact): void;
}

export class RecordingBuilder extends EventEmitter<CaptureEvents> implements Recording {
  hello: Hello | undefined;
  attached: Attached | undefined;
  build: KernelBuild | undefined;
  ended: CaptureEnd | undefined;
  lost = 0;
  missed = 0;
  untracked = 0;
  readonly pauses: TracePause[] = [];
  readonly filters: CaptureFilter[] = [];
  readonly symbols = new Symbols({ functions: [], dropReasons: [] });
  readonly store: ColumnStore;
  #released: EventIndex = 0;
  #tap: RecordingTap | undefined;

  constructor(retention: Retention) {
    super();
    this.store = new ColumnStore(retention);
    this.store.setSymbols(this.symbols);
  }

  get trajectories(): Trajectories {
    return this.store.trajectories;
  }

  get functionCounts(): FunctionCounts {
    return this.store.functionCounts;
  }

  /** Hears of what is told from now on. */
  setTap(tap: RecordingTap | undefined): void {
    this.#tap = tap;
    this.store.setListener(tap);
  }

  release(before: EventIndex): void {
    this.#released = before;
    this.store.release(before);
  }

  /**
   * Takes the payload of an Events frame.
   * @returns how many records there are in it
   * @throws ProtocolError when it is malformed
   */
  addEvents(payload: Uint8Array<ArrayBuffer>): { count: number } & LossTotals {
    const totals = readEventsHeader(payload);
    const first = this.store.length;
    const known = Math.max(this.store.first, this.#released);
    try {
      this.store.append(payload);
    } catch (error) {
      throw error instanceof RangeError ? new ProtocolError(error.message, { cause: error }) : error;
    }
    if (this.store.first > known) this.emit('forgotten', this.store.first);
    if (this.store.length > first) this.emit('events', first, this.store.length);
    return totals;
  }

  /** Takes anything else. */
  addFact(fact: Fact): void {
    if (fact.type === 'over') {
      this.finish(endOf(fact, this));
      return;
    }
    this.#tap?.fact(fact);
    switch (fact.type) {
      case 'hello':
        this.store.setRealtimeOffset(BigInt(fact.realtimeOffset));
        this.hello = fact;
        return;
      case 'attached':
        return this.#attached(fact);
      case 'kernel-build':
        this.build = fact;
        this.emit('build', fact);
        return;
      case 'locations':
        this.symbols.addLocations(fact.locations);
        return;
      case 'structures':
        this.store.setStructures(fact.structures);
        return;
      case 'namespaces':
        this.store.setNamespaces(fact.namespaces);
        return;
      case 'programs':
        this.symbols.add({ functions: fact.functions, dropReasons: [] });
        if (this.attached === undefined) return;
        this.attached = {
          ...this.attached,
          functions: [...this.attached.functions, ...fact.functions],
          skipped: [...this.attached.skipped, ...fact.skipped],
        };
        this.emit('programs', fact);
        return;
      case 'modules':
        this.symbols.add(fact);
        if (this.attached === undefined) return;
        this.attached = withModules(this.attached, fact);
        this.emit('modules', fact);
        return;
      case 'filter': {
        const filter = filterOf(fact);
        this.filters.push(filter);
        // The first one came with the probes.
        if (filter.since !== undefined) this.emit('filter', filter);
        return;
      }
      case 'pause':
        return this.#pause({
          why: fact.why,
          from: BigInt(fact.from),
          to: fact.to === null ? undefined : BigInt(fact.to),
          next: this.trajectories.length,
        });
      case 'unfollowed':
        this.store.trajectories.endFollowing();
        return;
      case 'loss': {
        const { lost, missed, untracked } = fact;
        Object.assign(this, { lost, missed, untracked });
        this.emit('lost', { lost, missed, untracked });
        return;
      }
    }
  }

  /** Nothing more comes. */
  finish(end: CaptureEnd): void {
    this.#tap?.fact(endFact(end));
    this.ended = end;
    this.emit('end', end);
  }

  /** Of another agent that goes on: the numbers of lives and the counts of what was lost begin anew. */
  anotherAgent(): void {
    this.#tap?.fact({ type: 'unfollowed' });
    this.store.anotherAgent();
  }

  #attached(attached: Attached): void {
    const isFirst = this.attached === undefined;
    this.attached = attached;
    this.symbols.add(attached);
    if (isFirst) this.emit('attached', attached);
  }

  /** One that begins, or more of the one that lasts. */
  #pause(pause: TracePause): void {
    const last = this.pauses.at(-1);
    const goesOn = last !== undefined && last.to === undefined;
    if (goesOn) this.pauses.pop();
    this.pauses.push(pause);
    this.emit('paused', pause);
  }
}

function withModules(attached: Attached, modules: ModulesLoaded): Attached {
  const reasons = new Map(
    [...attached.dropReasons, ...modules.dropReasons].map((each) => [each.value, each]),
  );
  return {
    ...attached,
    functions: [...attached.functions, ...modules.functions],
    lifeCycleFunctions: attached.lifeCycleFunctions + modules.lifeCycleFunctions,
    skipped: [...attached.skipped, ...modules.skipped],
    dropReasons: [...reasons.values()],
  };
}
