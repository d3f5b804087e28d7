/**
 * What front ends (terminal, tree, debug adapter) see of a capture. The engine behind it keeps events in
 * columns; nothing here is an object an event: events and trajectories are numbers, read field by field.
 */
import type {
  Attached,
  End,
  Hello,
  KernelBuild,
  ModulesLoaded,
  ProgramsLoaded,
  Progress,
  StartRequest,
} from '../../common/protocol.ts';
import type { TupleParts } from '../base/tuple.ts';
import type { PacketTraceError } from '../base/errors.ts';
import type { EventIndex, KernelFunction, KernelPlace, TracedProgram, TrajectoryId } from './types.ts';
import type { EventExtras } from './extras/event-extras.ts';
import type { CaptureFilter, WantedFilter } from './filters.ts';

export interface EventStore extends EventExtras {
  /** The oldest event that is kept. Some from it on may be of trajectories that are not. */
  readonly first: EventIndex;
  /** Of all events, forgotten ones too: the number of the next one. */
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
  /** The function of this event made the packet as a copy of its parent, or put it into another one. */
  edge(event: EventIndex): 'copy' | 'merge' | undefined;
  /** The probed function; for a drop the function that contains the location, where known. */
  function(event: EventIndex): KernelFunction | undefined;
  /** Where in that function it happened. */
  place(event: EventIndex): KernelPlace | undefined;
  /** `ip_rcv`, or for an unknown address its hexadecimal form. */
  functionName(event: EventIndex): string;
  /** Of a drop: bytes from the start of `function` to the location; undefined for function events. */
  dropOffset(event: EventIndex): number | undefined;
  /** A BPF program that is traced: which. Of one with a verdict the event is its return, else its call. */
  program(event: EventIndex): TracedProgram | undefined;
  /** What a BPF program returned: `TC_ACT_OK`; undefined for all other events. */
  verdict(event: EventIndex): string | undefined;
  /** `NETFILTER_DROP`; undefined for function events and where the kernel gives none. */
  dropReason(event: EventIndex): string | undefined;
  /** Address of the struct sk_buff, `0xffff…`. */
  skb(event: EventIndex): string;
  cpu(event: EventIndex): number;
  pid(event: EventIndex): number;
  comm(event: EventIndex): string;
  netns(event: EventIndex): number;
  /** What that namespace is called; undefined where it was not asked for, and where it has no name. */
  netnsName(event: EventIndex): string | undefined;
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
  /** Older ones were forgotten. */
  readonly first: TrajectoryId;
  /** Of all trajectories, forgotten ones too: the number of the next one. */
  readonly length: number;
  /** All stories, forgotten ones too. */
  readonly stories: number;
  /** Whether it is kept. What is asked below of one that is not throws a RangeError. */
  has(id: TrajectoryId): boolean;
  /** Those that are kept, in order. */
  ids(): readonly TrajectoryId[];
  /** What had become of the stories that were forgotten. */
  readonly forgotten: StoryCounts;
  /** Number of events (functions and drops). */
  eventCount(id: TrajectoryId): number;
  /** The nth event, oldest first. */
  event(id: TrajectoryId, nth: number): EventIndex;
  /** Number of function events. */
  functionCount(id: TrajectoryId): number;
  /** Nanoseconds from its first to its last event. */
  duration(id: TrajectoryId): number;
  /** How the life of this skb ended; `alive`: not yet; `unknown`: it could not be followed. */
  end(id: TrajectoryId): TrajectoryEnd;
  /** Reason of its own drop, also where the story ended otherwise. */
  dropReason(id: TrajectoryId): string | undefined;
  /** What it is a copy, clone, segment or fragment of. */
  parent(id: TrajectoryId): TrajectoryId | undefined;
  children(id: TrajectoryId): readonly TrajectoryId[];
  /** Where its story begins: itself when it has no parent. */
  root(id: TrajectoryId): TrajectoryId;
  /**
   * What became of the packet and all its copies: delivered when any reached a socket, else transmitted, else dropped.
   * A drop of what was left over is no outcome.
   */
  outcome(root: TrajectoryId): TrajectoryEnd;
  /** Reason where the outcome is `dropped`: that of the drop which decided. */
  outcomeReason(root: TrajectoryId): string | undefined;
}

export type TrajectoryEnd =
  'alive' | 'delivered' | 'transmitted' | 'consumed' | 'merged' | 'dropped' | 'unknown';

/** How many stories there were, by outcome. */
export interface StoryCounts {
  packets: number;
  outcomes: Record<TrajectoryEnd, number>;
  /** Dropped ones by reason. */
  reasons: Map<string, number>;
}

/** What did not become an event since the trace began. */
export interface LossTotals {
  /** Events the kernel had no room for. */
  lost: number;
  /** Probe hits that the kernel passed over while another probe ran. */
  missed: number;
  /** Packets that matched and could not be followed. */
  untracked: number;
}

/**
 * The programs did nothing, and the probes stayed where they were: of what packets did meanwhile nothing is known, and
 * those that were alive could not be followed to their end.
 */
export interface TracePause {
  /** The target did not hear from here; it was asked for; or the connection was lost, and came back. */
  why: 'silence' | 'request' | 'connection';
  /** CLOCK_MONOTONIC of the target in nanoseconds, as of events. */
  from: bigint;
  /** undefined: it lasts, or the trace ended in it. */
  to: bigint | undefined;
  /** Trajectories before this one are from before the pause. */
  next: TrajectoryId;
}

/** A function that packets passed, with all copies that the compiler made of it (`.isra.0`, `.part.1`). */
export interface CountedFunction extends KernelFunction {
  /** As in the source, without the compiler's suffixes. */
  name: string;
  /** Different for every function of a capture. */
  number: number;
  /** Stories with an event in it, forgotten ones too. */
  packets: number;
  /** Stories whose outcome is a drop in it. */
  dropped: number;
}

export interface FunctionCounts {
  /** Grows whenever a count changes. */
  readonly version: number;
  /** All stories since counting began. */
  readonly packets: number;
  /** The functions of a name that packets passed: one for each module that has one. */
  of(name: string): CountedFunction[];
  /** The number of the CountedFunction of an event; undefined for an unknown address. */
  functionOf(event: EventIndex): number | undefined;
  /** The first events in a function of the packets that came to it last and are kept, newest first. */
  latest(functionNumber: number): EventIndex[];
  /** Forgets all counts; packets before this one are not counted any more. */
  countFrom(trajectory: TrajectoryId): void;
}

export interface CaptureEnd extends LossTotals {
  why: 'stopped' | 'connection-lost' | 'agent-died' | 'error';
  error: PacketTraceError | undefined;
  /** Events received. */
  events: number;
  /** What they took in the kernel's ring buffer. */
  bytes: number;
  /** What of the agent's totals did not arrive, a sentence; undefined: all did. */
  incomplete: string | undefined;
  /** The agent's own end message; undefined when it could not send one. */
  agent: End | undefined;
}

/** What of a trace is the target's to do; what the engine decides itself is left out. */
export type AskedOfTarget = Omit<
  StartRequest,
  'type' | 'filter' | 'generation' | 'ringBufferBytes' | 'wantBuild'
>;

export interface CaptureOptions {
  filter: WantedFilter;
  asked: AskedOfTarget;
  /** Have the agent tell of the kernel's build once the probes are armed. */
  wantBuild?: boolean;
  /** About how many of the newest events are kept. */
  keepEvents?: number | undefined;
  /** Every event is read once, in order, and then released: what was read and is over is not kept. */
  readOnce?: boolean | undefined;
  /** A lost connection does not end the capture: it may go on over another one. */
  reconnects?: boolean | undefined;
}

export interface CaptureEvents {
  progress: [Progress];
  /** Probes are armed. */
  attached: [Attached];
  /** What was asked for by `wantBuild`; soon after `attached`. */
  build: [KernelBuild];
  /** Modules came while tracing; `attached` has what is probed of them too. */
  modules: [ModulesLoaded];
  /** BPF programs were loaded while tracing; as above. */
  programs: [ProgramsLoaded];
  /** New events [first, end); fired once a batch, at most some hundred times a second. */
  events: [first: EventIndex, end: EventIndex];
  /** Events before this one were forgotten because there are too many; nobody had released them. */
  forgotten: [first: EventIndex];
  /** One of the totals changed. */
  lost: [LossTotals];
  /** A pause began, or the last one ended. */
  paused: [TracePause];
  /** With `reconnects`: the connection was lost, or is there again (undefined). */
  cut: [PacketTraceError | undefined];
  /** Another filter is in force. */
  filter: [CaptureFilter];
  end: [CaptureEnd];
}

/** What is known of a trace, whether it runs, is over, or was read from a file. */
export interface Recording extends LossTotals {
  readonly hello: Hello | undefined;
  /** With what came since then. */
  readonly attached: Attached | undefined;
  readonly build: KernelBuild | undefined;
  readonly ended: CaptureEnd | undefined;
  readonly store: EventStore;
  readonly trajectories: Trajectories;
  readonly functionCounts: FunctionCounts;
  /** Oldest first. */
  readonly pauses: readonly TracePause[];
  /** By generation; the last one is in force. */
  readonly filters: readonly CaptureFilter[];
  on<Name extends keyof CaptureEvents>(name: Name, listener: (...args: CaptureEvents[Name]) => void): this;
  off<Name extends keyof CaptureEvents>(name: Name, listener: (...args: CaptureEvents[Name]) => void): this;
}

/** A recording that a trace fills. */
export interface Capture extends Recording {
  /** With `reconnects`: the connection was lost, and the probes with it. It may come back, and a stop ends the capture. */
  readonly cut: PacketTraceError | undefined;
  /**
   * Puts another filter in force while tracing; no packet is missed between the two.
   * @throws PacketTraceError when it is refused; the trace goes on with the filter that it has.
   */
  changeFilter(filter: WantedFilter): Promise<CaptureFilter>;
  /** With `readOnce`: events before this one were read and will not be asked for again. */
  release(before: EventIndex): void;
  /** Detaches the probes, waits for the last events, and settles with the end. Safe to call twice. */
  stop(): Promise<CaptureEnd>;
}
