/**
 * What front ends (terminal, tree, debug adapter) see of a capture. The engine behind it keeps events in
 * columns; nothing here is an object an event: events and trajectories are numbers, read field by field.
 */
import type { Attached, Backend, End, Hello, KernelBuild, Progress } from '../../common/protocol.ts';
import type { TupleParts } from '../base/tuple.ts';
import type { PacketTraceError } from '../base/errors.ts';
import type { EventIndex, KernelFunction, KernelPlace, TrajectoryId } from './types.ts';
import type { CaptureFilter, WantedFilter } from './filters.ts';

export interface EventStore {
  readonly length: number;
  /** Nanoseconds since the capture's first event; may step back by microseconds between CPUs. */
  time(event: EventIndex): number;
  /** CLOCK_MONOTONIC of the target in nanoseconds, whole. */
  monotonic(event: EventIndex): bigint;
  /** Milliseconds since the epoch, by the target's clock. */
  wallClock(event: EventIndex): number;
  trajectory(event: EventIndex): TrajectoryId;
  /** `function`: a probe hit; `drop`: the kfree_skb tracepoint, with reason and location. */
  kind(event: EventIndex): 'function' | 'drop';
  /** The probed function; for a drop the function that contains the location, where known. */
  function(event: EventIndex): KernelFunction | undefined;
  /** Where in that function it happened. */
  place(event: EventIndex): KernelPlace | undefined;
  /** `ip_rcv`, or for an unknown address its hexadecimal form. */
  functionName(event: EventIndex): string;
  /** Of a drop: bytes from the start of `function` to the location; undefined for function events. */
  dropOffset(event: EventIndex): number | undefined;
  /** `NETFILTER_DROP`; undefined for function events and where the kernel gives none. */
  dropReason(event: EventIndex): string | undefined;
  /** Address of the struct sk_buff, `0xffff…`. */
  skb(event: EventIndex): string;
  cpu(event: EventIndex): number;
  pid(event: EventIndex): number;
  comm(event: EventIndex): string;
  netns(event: EventIndex): number;
  ifindex(event: EventIndex): number;
  /** Interface name where the agent knew it, else undefined. */
  device(event: EventIndex): string | undefined;
  mtu(event: EventIndex): number;
  mark(event: EventIndex): number;
  packetLength(event: EventIndex): number;
  /** skb->protocol, e.g. 0x0800. */
  protocol(event: EventIndex): number;
  /** `10.0.2.15:48522->1.1.1.1:80(tcp)`; IPv6 addresses in brackets; undefined when it is not an IP packet. */
  tuple(event: EventIndex): string | undefined;
  tupleParts(event: EventIndex): TupleParts | undefined;
  /** Events lost on this CPU just before this one. */
  lostBefore(event: EventIndex): number;
  /** Number of the filter that kept it, an index of the capture's `filters`; that may come some events later. */
  generation(event: EventIndex): number;
}

export interface Trajectories {
  readonly length: number;
  /** Number of events (functions and drops). */
  eventCount(id: TrajectoryId): number;
  /** The nth event, oldest first. */
  event(id: TrajectoryId, nth: number): EventIndex;
  /** Number of function events. */
  functionCount(id: TrajectoryId): number;
  /** Nanoseconds from its first to its last event. */
  duration(id: TrajectoryId): number;
  /** `dropped` and `freed`: its skb was released; `alive`: not yet, or not seen. */
  end(id: TrajectoryId): 'alive' | 'freed' | 'dropped';
  dropReason(id: TrajectoryId): string | undefined;
}

/** A function that packets passed, with all copies that the compiler made of it (`.isra.0`, `.part.1`). */
export interface CountedFunction extends KernelFunction {
  /** As in the source, without the compiler's suffixes. */
  name: string;
  /** Different for every function of a capture. */
  number: number;
  /** Trajectories with an event in it. */
  packets: number;
  /** Trajectories that ended with a drop in it. */
  dropped: number;
}

export interface FunctionCounts {
  /** Grows whenever a count changes. */
  readonly version: number;
  /** The functions of a name that packets passed: one for each module that has one. */
  of(name: string): CountedFunction[];
  /** The number of the CountedFunction of an event; undefined for an unknown address. */
  functionOf(event: EventIndex): number | undefined;
  /** The first events in a function of the packets that came to it last, newest first. */
  latest(functionNumber: number): EventIndex[];
  /** Forgets all counts; packets before this one are not counted any more. */
  countFrom(trajectory: TrajectoryId): void;
}

export interface CaptureEnd {
  why: 'stopped' | 'connection-lost' | 'agent-died' | 'error';
  error: PacketTraceError | undefined;
  /** Events received. */
  events: number;
  /** Events the kernel had no room for; counted, never delivered. */
  lost: number;
  /** The agent's own end message; undefined when it could not send one. */
  agent: End | undefined;
}

export interface CaptureOptions {
  filter: WantedFilter;
  functions: string | null;
  backend: Backend | 'auto';
  /** Have the agent tell of the kernel's build once the probes are armed. */
  wantBuild?: boolean;
}

export interface CaptureEvents {
  progress: [Progress];
  /** Probes are armed. */
  attached: [Attached];
  /** What was asked for by `wantBuild`; soon after `attached`. */
  build: [KernelBuild];
  /** New events [first, end); fired once a batch, at most some hundred times a second. */
  events: [first: EventIndex, end: EventIndex];
  /** Total of lost events changed. */
  lost: [total: number];
  /** Another filter is in force. */
  filter: [CaptureFilter];
  end: [CaptureEnd];
}

export interface Capture {
  readonly hello: Hello | undefined;
  readonly attached: Attached | undefined;
  readonly build: KernelBuild | undefined;
  readonly ended: CaptureEnd | undefined;
  readonly store: EventStore;
  readonly trajectories: Trajectories;
  readonly functionCounts: FunctionCounts;
  readonly lost: number;
  /** By generation; the last one is in force. */
  readonly filters: readonly CaptureFilter[];
  on<Name extends keyof CaptureEvents>(name: Name, listener: (...args: CaptureEvents[Name]) => void): this;
  off<Name extends keyof CaptureEvents>(name: Name, listener: (...args: CaptureEvents[Name]) => void): this;
  /**
   * Puts another filter in force while tracing; no packet is missed between the two.
   * @throws PacketTraceError when it is refused; the trace goes on with the filter that it has.
   */
  changeFilter(filter: WantedFilter): Promise<CaptureFilter>;
  /** Detaches the probes, waits for the last events, and settles with the end. Safe to call twice. */
  stop(): Promise<CaptureEnd>;
}
