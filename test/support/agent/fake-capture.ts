import { EventEmitter } from 'node:events';
import type { Attached, Hello, KernelBuild, ProbedFunction } from '../../../common/protocol.ts';
import type {
  Capture,
  CaptureEnd,
  CaptureEvents,
  EventStore,
  Trajectories,
} from '../../../extension/recording/capture.ts';
import type { FunctionCounts } from '../../../extension/recording/capture.ts';
import type { CaptureFilter, WantedFilter } from '../../../extension/recording/filters.ts';

/** One step of a packet; what is left out has a plain value. */
export interface FakeStep {
  name: string;
  /** Nanoseconds since the capture's first event. */
  time: number;
  module?: string;
  reason?: string;
  drop?: boolean;
  /** The address is in no probed function. */
  unknown?: boolean;
  cpu?: number;
  comm?: string;
  tuple?: string;
  lostBefore?: number;
}

export type FakeTrajectory = FakeStep[];

export const TUPLE = '10.0.2.15:48522->1.1.1.1:80(tcp)';

/** A capture of given trajectories, with the end that a test gives it. */
export class FakeCapture extends EventEmitter<CaptureEvents> implements Capture {
  readonly hello: Hello | undefined = undefined;
  attached: Attached | undefined;
  build: KernelBuild | undefined;
  ended: CaptureEnd | undefined;
  lost = 0;
  stops = 0;
  readonly store: EventStore;
  readonly trajectories: Trajectories;
  readonly filters: CaptureFilter[] = [];
  readonly functionCounts: FunctionCounts = {
    version: 0,
    of: () => [],
    functionOf: () => undefined,
    latest: () => [],
    countFrom: () => undefined,
  };

  constructor(packets: readonly FakeTrajectory[] = []) {
    super();
    const steps = packets.flatMap((trajectory, id) => trajectory.map((step) => ({ ...step, id })));
    const at = (event: number) => {
      const step = steps[event];
      if (step === undefined) throw new RangeError(`no event ${event}`);
      return step;
    };
    const of = (id: number) => {
      const trajectory = packets[id];
      if (trajectory === undefined) throw new RangeError(`no trajectory ${id}`);
      return trajectory;
    };
    const isDrop = (step: FakeStep) => step.drop ?? step.reason !== undefined;
    const offset = (id: number) => packets.slice(0, id).reduce((sum, { length }) => sum + length, 0);
    this.store = {
      length: steps.length,
      time: (event) => at(event).time,
      monotonic: (event) => BigInt(at(event).time),
      wallClock: () => Date.UTC(2026, 0, 2, 3, 4, 5),
      trajectory: (event) => at(event).id,
      kind: (event) => (isDrop(at(event)) ? 'drop' : 'function'),
      function: (event): ProbedFunction | undefined => {
        const { name, module = '', unknown } = at(event);
        return unknown ? undefined : { name, module, address: 1, argument: 1 };
      },
      place: (event) => {
        const { name, module = '', unknown } = at(event);
        const offset = isDrop(at(event)) ? 0x1a : 0;
        return unknown ? undefined : { name, module, start: 1, offset };
      },
      functionName: (event) => at(event).name,
      dropOffset: (event) => (isDrop(at(event)) && !at(event).unknown ? 0x1a : undefined),
      dropReason: (event) => at(event).reason,
      skb: () => '0xffff888100000000',
      cpu: (event) => at(event).cpu ?? 0,
      pid: () => 42,
      comm: (event) => at(event).comm ?? 'curl',
      netns: () => 4026531840,
      ifindex: () => 2,
      device: () => 'eth0',
      mtu: () => 1500,
      mark: () => 0,
      packetLength: () => 60,
      protocol: () => 0x0800,
      tuple: (event) => ('tuple' in at(event) ? at(event).tuple : TUPLE),
      tupleParts: () => undefined,
      lostBefore: (event) => at(event).lostBefore ?? 0,
      generation: () => 0,
    };
    this.trajectories = {
      length: packets.length,
      eventCount: (id) => of(id).length,
      event: (id, nth) => offset(id) + nth,
      functionCount: (id) => of(id).filter((step) => !isDrop(step)).length,
      duration: (id) => (of(id).at(-1)?.time ?? 0) - (of(id)[0]?.time ?? 0),
      end: (id) => {
        if (of(id).some(isDrop)) return 'dropped';
        return of(id).at(-1)?.name === 'kfree_skbmem' ? 'freed' : 'alive';
      },
      dropReason: (id) => of(id).find((step) => step.reason !== undefined)?.reason,
    };
  }

  changeFilter(wanted: WantedFilter): Promise<CaptureFilter> {
    const filter = { ...wanted, generation: this.filters.length, since: 1n };
    this.filters.push(filter);
    this.emit('filter', filter);
    return Promise.resolve(filter);
  }

  stop(): Promise<CaptureEnd> {
    this.stops++;
    this.finish({ why: 'stopped' });
    return Promise.resolve(this.ended!);
  }

  /** Ends the capture once, as the engine does. */
  finish(end: Partial<CaptureEnd>): void {
    if (this.ended !== undefined) return;
    const events = this.store.length;
    this.ended = { why: 'error', error: undefined, events, lost: this.lost, agent: undefined, ...end };
    this.emit('end', this.ended);
  }
}
