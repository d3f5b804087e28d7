import type { FilterChanged, FilterRequest } from '../../common/protocol.ts';
import type { PacketTraceError } from '../base/errors.ts';
import { traceIsOver } from './agent-errors.ts';
import { type CaptureFilter, filterTexts, type WantedFilter } from '../recording/filters.ts';

/** Asks the agent for other filters, one at a time, and keeps account of the one in force. */
export class FilterChanges {
  /** How many were in force: the number of the next one. */
  #next = 0;
  /** The one in force. */
  #wanted: WantedFilter | undefined;
  /** Why none can be changed now. */
  #unavailable: PacketTraceError | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** The change that the agent works on. */
  #pending:
    | { accept: (changed: FilterChanged) => CaptureFilter; refuse: (error: PacketTraceError) => void }
    | undefined;
  #over = false;

  constructor(private readonly send: (request: FilterRequest) => void) {}

  /** The trace's first filter is in force. */
  begin(first: WantedFilter): CaptureFilter {
    this.#wanted = first;
    this.#next = 1;
    return inForce(first, 0, undefined);
  }

  /** What another agent has to begin with. */
  get present(): { wanted: WantedFilter | undefined; generation: number } {
    return { wanted: this.#wanted, generation: this.#next - 1 };
  }

  /** There is no agent for now: what waits is refused. @param error undefined: there is one again */
  interrupt(error: PacketTraceError | undefined): void {
    this.#unavailable = error;
    if (error !== undefined) this.refused(error);
  }

  /** Settles when the filter is in force. @throws PacketTraceError when it is refused or the trace is over */
  change(wanted: WantedFilter): Promise<CaptureFilter> {
    const change = this.#queue.then(() => this.#request(wanted));
    this.#queue = change.catch(() => undefined); // its caller hears of it
    return change;
  }

  /** The agent's answer; undefined: to nothing that was asked. */
  changed(message: FilterChanged): CaptureFilter | undefined {
    return this.#pending?.accept(message);
  }

  /** The agent's other answer. */
  refused(error: PacketTraceError): void {
    this.#pending?.refuse(error);
  }

  /** The trace is over: what waits is refused. */
  end(): void {
    this.#over = true;
    this.refused(traceIsOver());
  }

  /** A number that was refused is given to the next filter: no event carries it. */
  async #request(wanted: WantedFilter): Promise<CaptureFilter> {
    if (this.#over || this.#next === 0) throw traceIsOver();
    if (this.#unavailable !== undefined) throw this.#unavailable;
    try {
      return await new Promise((resolve, reject) => {
        const accept = ({ generation, since }: FilterChanged) => {
          const filter = inForce(wanted, generation, BigInt(since));
          this.#next = generation + 1;
          this.#wanted = wanted;
          resolve(filter);
          return filter;
        };
        this.#pending = { accept, refuse: reject };
        const { compiled, conditions } = wanted;
        const generation = this.#next;
        this.send({ type: 'filter', filter: compiled, ...(conditions && { conditions }), generation });
      });
    } finally {
      this.#pending = undefined;
    }
  }
}

function inForce(wanted: WantedFilter, generation: number, since: bigint | undefined): CaptureFilter {
  return { ...filterTexts(wanted), generation, since };
}
