import { EventEmitter } from 'node:events';
import type { Attached, Hello, KernelBuild, ProbedFunction } from '../../../common/protocol.ts';
import type {
  Capture,
  CaptureEnd,
  CaptureEvents,
  EventStore,
  TracePause,
  Trajectories,
  TrajectoryEnd,
} from '../../../extension/recording/capture.ts';
import { noStories } from '../../../extension/recording/story-totals.ts';
import type { FunctionCounts } from '../../../extension/recording/capture.ts';
import type { PacketTraceError } from '../../../extension/base/errors.ts';
import type { TupleParts } from '../../../extension/base/tuple.ts';
import type { CaptureFilter, WantedFilter } from '../../../extension/recording/filters.ts';
import type { TracedProgram, TrajectoryId } from '../../../extension/recording/types.ts';

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
  pid?: number;
  comm?: string;
  tuple?: string;
  /** As in the header: SYN 2, ACK 16. */
  tcpFlags?: number;
  protocol?: number;
  device?: string;
  /** 0: on no device. */
  ifindex?: number;
  mark?: number;
  length?: number;
  lostBefore?: number;
  edge?: 'copy' | 'merge';
  /** It is of a BPF program: its call, or with what it returned its return. */
  program?: TracedProgram;
  verdict?: string;
}

export type FakeTrajectory = FakeStep[];

/** What is not seen in the steps of a trajectory. */
export interface FakeLife {
  parent?: TrajectoryId;
  /** Otherwise dropped after a drop, consumed after kfree_skbmem, else alive. */
  end?: TrajectoryEnd;
}

export const TUPLE = '10.0.2.15:48522->1.1.1.1:80(tcp)';

/** A capture of given trajectories, with the end that a test gives it. */
export class FakeCapture extends EventEmitter<CaptureEvents> implements Capture {
  readonly hello: Hello | undefined = undefined;
  attached: Attached | undefined;
  build: KernelBuild | undefined;
  ended: CaptureEnd | undefined;
  cut: PacketTraceError | undefined;
  lost = 0;
  missed = 0;
  untracked = 0;
  readonly pauses: TracePause[] = [];
  stops = 0;
  readonly store: EventStore;
  readonly trajectories: Trajectories;
  readonly filters: CaptureFilter[] = [];
  readonly functionCounts: FunctionCounts;

  /** @param lives by trajectory */
  constructor(packets: readonly FakeTrajectory[] = [], lives: Readonly<Record<TrajectoryId, FakeLife>> = {}) {
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
    const tuple = (event: number) => ('tuple' in at(event) ? at(event).tuple : TUPLE);
    const isDrop = (step: FakeStep) => step.drop ?? step.reason !== undefined;
    const offset = (id: number) => packets.slice(0, id).reduce((sum, { length }) => sum + length, 0);
    this.store = {
      first: 0,
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
      pid: (event) => at(event).pid ?? 42,
      comm: (event) => at(event).comm ?? 'curl',
      netns: () => 4026531840,
      netnsName: () => undefined,
      ifindex: (event) => at(event).ifindex ?? 2,
      device: (event) => (at(event).ifindex === 0 ? undefined : (at(event).device ?? 'eth0')),
      mtu: () => 1500,
      mark: (event) => at(event).mark ?? 0,
      packetLength: (event) => at(event).length ?? 60,
      protocol: (event) => at(event).protocol ?? 0x0800,
      tuple,
      tupleParts: (event) => tupleParts(tuple(event), at(event).tcpFlags ?? 0),
      edge: (event) => at(event).edge,
      program: (event) => at(event).program,
      verdict: (event) => at(event).verdict,
      hasExtras: () => false,
      caller: () => undefined,
      stack: () => undefined,
      packetBytes: () => undefined,
      structure: () => undefined,
      members: () => undefined,
      cb: () => undefined,
      tunnel: () => undefined,
      lostBefore: (event) => at(event).lostBefore ?? 0,
      generation: () => 0,
    };
    const end = (id: number): TrajectoryEnd => {
      const told = lives[id]?.end;
      if (told !== undefined) return told;
      if (of(id).some(isDrop)) return 'dropped';
      return of(id).at(-1)?.name === 'kfree_skbmem' ? 'consumed' : 'alive';
    };
    const ids = packets.map((_, id) => id);
    const root = (id: number): number => {
      const parent = lives[id]?.parent;
      return parent === undefined ? id : root(parent);
    };
    const deciding = (of: number) => {
      const story = ids.filter((id) => root(id) === of);
      return OUTCOMES.map((outcome) => story.find((id) => end(id) === outcome)).find(
        (id) => id !== undefined,
      );
    };
    const dropReason = (id: number) => of(id).find((step) => step.reason !== undefined)?.reason;
    const stories = ids.filter((id) => root(id) === id).length;
    this.functionCounts = {
      version: 0,
      packets: stories,
      of: () => [],
      functionOf: () => undefined,
      latest: () => [],
      countFrom: () => undefined,
    };
    this.trajectories = {
      first: 0,
      length: packets.length,
      stories,
      has: (id) => packets[id] !== undefined,
      ids: () => ids,
      forgotten: noStories(),
      eventCount: (id) => of(id).length,
      event: (id, nth) => {
        if (of(id)[nth] === undefined) throw new RangeError(`no event ${nth}`);
        return offset(id) + nth;
      },
      functionCount: (id) => of(id).filter((step) => !isDrop(step)).length,
      duration: (id) => (of(id).at(-1)?.time ?? 0) - (of(id)[0]?.time ?? 0),
      end,
      dropReason,
      parent: (id) => lives[id]?.parent,
      children: (id) => ids.filter((child) => lives[child]?.parent === id),
      root,
      outcome: (id) => end(deciding(id) ?? id),
      outcomeReason: (id) => dropReason(deciding(id) ?? id),
    };
  }

  changeFilter(wanted: WantedFilter): Promise<CaptureFilter> {
    const filter = { ...wanted, generation: this.filters.length, since: 1n };
    this.filters.push(filter);
    this.emit('filter', filter);
    return Promise.resolve(filter);
  }

  release(): void {
    // Everything is kept.
  }

  stop(): Promise<CaptureEnd> {
    this.stops++;
    this.finish({ why: 'stopped' });
    return Promise.resolve(this.ended!);
  }

  /** @param error undefined: the connection is there again */
  cutOff(error: PacketTraceError | undefined): void {
    this.cut = error;
    this.emit('cut', error);
  }

  /** Ends the capture once, as the engine does. */
  finish(end: Partial<CaptureEnd>): void {
    if (this.ended !== undefined) return;
    const events = this.store.length;
    const { lost, missed, untracked } = this;
    const told = { events, bytes: 32 * events, lost, missed, untracked, incomplete: undefined };
    this.ended = { why: 'error', error: undefined, ...told, agent: undefined, ...end };
    this.emit('end', this.ended);
  }
}

/** Of the ends in a story the first of these decides. */
const OUTCOMES: readonly TrajectoryEnd[] = [
  'delivered',
  'transmitted',
  'dropped',
  'alive',
  'consumed',
  'merged',
  'unknown',
];

/** Of `10.0.2.15:48522->1.1.1.1:80(tcp)`. */
function tupleParts(text: string | undefined, tcpFlags: number): TupleParts | undefined {
  const match = /^\[?([^\]]+?)\]?:(\d+)->\[?([^\]]+?)\]?:(\d+)\((\w+)\)$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, source = '', sourcePort, destination = '', destinationPort, protocol = ''] = match;
  return {
    source,
    sourcePort: Number(sourcePort),
    destination,
    destinationPort: Number(destinationPort),
    protocol,
    tcpFlags,
  };
}
