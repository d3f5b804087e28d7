import type { FilterChanged, FilterRequest } from '../../common/protocol.ts';
import type { PacketTraceError } from '../base/errors.ts';
import { traceIsOver } from './agent-errors.ts';
import type { CaptureFilter, WantedFilter } from '../recording/filters.ts';

/** Asks the agent for other filters, one at a time, and keeps account of those that were in force. */
export class FilterChanges {
  readonly filters: CaptureFilter[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  /** The change that the agent works on. */
  #pending:
    | { accept: (changed: FilterChanged) => CaptureFilter; refuse: (error: PacketTraceError) => void }
    | undefined;
  #over = false;

  constructor(private readonly send: (request: FilterRequest) => void) {}

  /** The trace's first filter is in force. */
  begin(first: WantedFilter): void {
    this.filters.push(inForce(first, 0, undefined));
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
    if (this.#over || this.filters.length === 0) throw traceIsOver();
    try {
      return await new Promise((resolve, reject) => {
        const accept = ({ generation, since }: FilterChanged) => {
          const filter = inForce(wanted, generation, BigInt(since));
          this.filters.push(filter);
          resolve(filter);
          return filter;
        };
        this.#pending = { accept, refuse: reject };
        this.send({ type: 'filter', filter: wanted.compiled, generation: this.filters.length });
      });
    } finally {
      this.#pending = undefined;
    }
  }
}

function inForce(
  { filter, tunnelFilterL2, tunnelFilterL3 }: WantedFilter,
  generation: number,
  since: bigint | undefined,
): CaptureFilter {
  return { generation, filter, tunnelFilterL2, tunnelFilterL3, since };
}
