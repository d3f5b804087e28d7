/**
 * The wire between the capture engine and the agent: framed messages over the agent's standard input and
 * output. Both sides import these types and nothing else of each other.
 *
 * A frame is `u32 length` (little-endian, of the payload), `u8 kind`, payload. Control messages are JSON
 * objects with a `type`; events travel as raw ring buffer records, undecoded.
 */
import type { KernelAddress } from './kernel-address.ts';

/** Changes when either side would misread the other; the deployed agent always has the editor's version. */
export const PROTOCOL_VERSION = 8;

export const FRAME_HEADER_BYTES = 5;

export const FrameKind = { Json: 1, Events: 2 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** A longer frame means that the stream is not ours (a login banner, say). The agent sends events in batches of 512 KB. */
export const FRAME_MAX_BYTES: Readonly<Record<FrameKind, number>> = {
  [FrameKind.Json]: 16 * 1024 * 1024,
  [FrameKind.Events]: 2 * 1024 * 1024,
};

/**
 * An `Events` payload: this header (little-endian), then whole ring buffer records as the kernel wrote them: each
 * `BPF_RINGBUF_HDR_SZ` bytes of header (u32 length with flag bits, u32 page offset), an event of that length
 * (bpf/events/event.h: its header and sections), and padding to a multiple of eight bytes. A record whose header has
 * the discard bit set is to be skipped. The totals are of all CPUs since the trace began.
 */
export const EventsHeader = {
  /** f64: records that follow, discarded ones included. */
  count: 0,
  /** f64: events that found the ring buffer full. */
  lost: 8,
  /** f64: probe hits that the kernel passed over because another of our programs ran on that CPU. */
  missed: 16,
  /** f64: packets that matched and could not be followed; their events have life 0. */
  untracked: 24,
  bytes: 32,
} as const;

export const RINGBUF_HEADER_BYTES = 8;

/** Bytes from a record to the next. @param header the first u32 of it */
export function recordStride(header: number): number {
  return (RINGBUF_HEADER_BYTES + (header & ~RINGBUF_DISCARD_BIT) + 7) & ~7;
}

/** In the first u32 of a record's header (include/uapi/linux/bpf.h). */
export const RINGBUF_BUSY_BIT = 0x8000_0000;
export const RINGBUF_DISCARD_BIT = 0x4000_0000;

/** One classic BPF instruction: `[code, jt, jf, k]`, k unsigned (struct bpf_insn of libpcap). */
export type CbpfInstruction = readonly [code: number, jt: number, jf: number, k: number];

/** A filter compiled for both views of a packet; `null`: libpcap refuses it for that link type. */
export interface CompiledFilter {
  /** From the Ethernet header (DLT_EN10MB). */
  l2: readonly CbpfInstruction[] | null;
  /** From the IP header (DLT_RAW). */
  l3: readonly CbpfInstruction[] | null;
  /**
   * On the packet inside of a tunnel (VXLAN, Geneve, GRE, IP in IP), from its Ethernet and from its IP header. A
   * packet matches when the two above match it and these match what is inside; one without a packet inside,
   * or without that header, does not match. Absent: not asked for.
   */
  tunnelL2?: readonly CbpfInstruction[] | null;
  tunnelL3?: readonly CbpfInstruction[] | null;
}

/** What a packet must meet besides the filter; what is absent is not asked for. */
export interface Conditions {
  /** Network namespace: a path (`/proc/PID/ns/net`), `inode:N`, or a name of /run/netns; of the target. */
  netns?: string;
  /** Name of a device in that namespace; where `netns` is absent, in the agent's. */
  ifname?: string;
  /** `(skb->mark & mask) == (value & mask)` */
  mark?: { value: number; mask: number };
  /** Expression of C about `skb` (common/expression/): not 0 for packets to keep. */
  skbExpression?: string;
  /** The same about `xdp`, for packets that XDP gets and that are no skbs yet. */
  xdpExpression?: string;
}

export type Backend = 'kprobe' | 'kprobe-multi' | 'fentry-multi';

/** Who calls a BPF program: tc at a device (netkit too), or its driver before there is an skb (XDP). */
export type PacketProgramKind = 'tc' | 'xdp';

/** Which functions with a packet are probed. */
export interface FunctionChoice {
  /** Function names to probe: a regular expression matched against the whole name; null: every function. */
  functions: string | null;
  /** Modules to probe besides the kernel itself; absent: every module. */
  modules?: string[];
}

/** What events tell on request, besides what they always do (enum event_extra of bpf/events/event.h). */
export interface Extras {
  /** Where the probed function returns to. */
  caller?: boolean;
  /** The functions that led to each hit. */
  stack?: boolean;
  /** So many of a packet's first bytes, whenever they changed; at most PacketLimit of layouts.ts. */
  packetBytes?: number;
  /** The struct sk_buff, typed by Structures, as the next two. */
  skb?: boolean;
  /** The struct skb_shared_info. */
  sharedInfo?: boolean;
  /** skb->cb, which each layer uses for itself. */
  cb?: boolean;
  /** Addresses and ports of a packet inside of a tunnel (VXLAN, Geneve, GRE, IP in IP). */
  tunnel?: boolean;
  /** Values of these expressions on skbs, MetadataLimit of layouts.ts at most. */
  skbMetadata?: readonly string[];
  /** The same on packets that XDP has. */
  xdpMetadata?: readonly string[];
}

/** Of the structures of these values: a member for each, called as the expression that it is of. */
export const SKB_METADATA = 'skb metadata';
export const XDP_METADATA = 'xdp metadata';

export interface StartRequest extends FunctionChoice, Extras {
  type: 'start';
  /** No filter: every packet. */
  filter: CompiledFilter | null;
  conditions?: Conditions;
  /** The number that its events will carry, 0 unless the trace goes on from another agent's. */
  generation?: number;
  /**
   * Functions without an skb to probe too, by whole names: each hit belongs to the packet of the function that called it.
   */
  bystanders?: string[];
  /** The same of those functions that the BPF programs on packets call which are loaded now. */
  calledFunctions?: boolean;
  backend: Backend | 'auto';
  /** A file on the target that tells the types of its kernel, in place of the kernel. */
  kernelBtf?: string;
  /** false: a packet is shown only where it matches, and not followed to its end. */
  track?: boolean;
  /** Ring buffer size in bytes, a power of two; 0: the agent's default. */
  ringBufferBytes: number;
  /**
   * Show the packets of the connections that carry this and other traces too. Without they are left out: each of
   * their events would make more of them, and hide everything else.
   */
  includeOwnConnection?: boolean;
  /** Show messages of AF_UNIX and AF_NETLINK sockets too, which are skbs and no packets. */
  includeLocalSockets?: boolean;
  /** Trace the BPF programs of tc too: each call is a step of its packet, and each return another. */
  tcPrograms?: boolean;
  /** Trace those of XDP too. The skb that is made of a packet is a child of the life that it had in them. */
  xdpPrograms?: boolean;
  /** Tell what the network namespaces of events are called: see Namespaces. */
  netnsNames?: boolean;
  /** Tell of the kernel's build, once the probes are armed: see KernelBuild. */
  wantBuild?: boolean;
}

/** Takes another filter into the running trace; its probes stay attached and no packet is missed. */
export interface FilterRequest {
  type: 'filter';
  /** No filter: every packet. */
  filter: CompiledFilter | null;
  /** Absent: none, whatever there was before. */
  conditions?: Conditions;
  /** The number that its events will carry; that of the first filter, in the start request, is mostly 0. */
  generation: number;
}

/** Asks which of the packets a filter matches: this kernel decides, by the code that a trace would use. */
export interface MatchRequest {
  type: 'match';
  /** No filter: every packet. */
  filter: CompiledFilter | null;
  packets: {
    /** What its bytes begin with: an Ethernet header, an IP header. */
    link: 'l2' | 'l3';
    /** What was captured of it, in base64. */
    data: string;
    /** Its bytes on the wire, from there on. */
    length: number;
  }[];
}

/** Asks for the probe plan; nothing is attached. */
export interface PlanRequest extends FunctionChoice {
  type: 'plan';
}

/** Counts calls of the plan's functions until `counts` is asked for. */
export interface CountRequest extends FunctionChoice {
  type: 'count';
  backend: Backend | 'auto';
}

/**
 * Editor → agent. `pause` has every program return at once until `resume`; the probes stay where they are. The agent
 * pauses by itself while nothing comes, not even a ping.
 */
export type Request =
  | { type: 'check' }
  | PlanRequest
  | CountRequest
  | { type: 'counts' }
  | MatchRequest
  | StartRequest
  | FilterRequest
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'stop' }
  | { type: 'ping' };

/** The editor pings this often. */
export const HEARTBEAT_INTERVAL_MS = 1000;
/** A machine whose editor is not heard of must not be slowed down: this long after the last request a trace pauses. */
export const SILENCE_PAUSES_MS = 3000;
/** And after this the agent leaves: the editor was not only busy. The end of its input ends it at once. */
export const SILENCE_ENDS_MS = 60_000;

/** With which codes the agent's process ends. */
export const AgentExit = { Ok: 0, Failed: 1, Usage: 2, Silence: 3 } as const;

/** First message of the agent. */
export interface Hello {
  type: 'hello';
  protocol: number;
  pid: number;
  nodeVersion: string;
  hostname: string;
  /** `uname -r` and `-m`. */
  kernelRelease: string;
  machine: string;
  /** /proc/version */
  kernelVersion: string;
  cpus: number;
  /** Of this run of the kernel: /proc/sys/kernel/random/boot_id. */
  bootId: string;
  /** CLOCK_REALTIME − CLOCK_MONOTONIC in nanoseconds, as a decimal string (it exceeds 2^53). */
  realtimeOffset: string;
}

/** One thing that tracing needs of a target. */
export interface CheckItem {
  name:
    | 'kernel'
    | 'btf'
    | 'bpf'
    | 'privileges'
    | 'lockdown'
    | 'kprobe-multi'
    | 'kprobes'
    | 'tracefs'
    | 'ring-buffer'
    | 'addresses'
    | 'ftrace'
    | 'programs';
  /** `missing` makes tracing impossible; `limited` is worked around. */
  status: 'ok' | 'limited' | 'missing';
  /** What was found. */
  detail: string;
  /** What the user can do about it; empty when ok. */
  remedy: string;
}

export interface CheckReport {
  type: 'check';
  items: CheckItem[];
}

/** Answer to a MatchRequest. */
export interface Matched {
  type: 'matched';
  /** Indices of the packets that match, rising. */
  matches: number[];
}

export interface Progress {
  type: 'progress';
  stage: 'scan' | 'load' | 'attach' | 'detach';
  done: number;
  /** 0: not known */
  total: number;
}

export interface ProbedFunction {
  /** Of a BPF program its number, which its events have in place of an address. */
  address: KernelAddress;
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Position of the skb among the parameters, from 1; 0: it has none. */
  argument: number;
  /** It is no function of the kernel but a BPF program, with the number that the kernel has for it. */
  program?: { id: number; kind: PacketProgramKind };
}

export interface SkippedFunctions {
  reason: string;
  names: string[];
}

/** What a function means for the life of its packet: bpf/program.h. */
export type Role = 'plain' | 'release' | 'reshape' | 'copy' | 'merge' | 'build' | 'bystander';

export interface PlannedProbe {
  /** As the kernel names it, with the compiler's suffixes. */
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Position of the skb among the parameters, from 1; 0: it has none. */
  argument: number;
  role: Role;
  /** false: it ends and links lives only, and is not shown as a step. */
  shown: boolean;
}

/** Answer to a PlanRequest. */
export interface Plan {
  type: 'plan';
  /** In order of address. */
  functions: PlannedProbe[];
  skipped: SkippedFunctions[];
}

/** Answer to a CountRequest: calls are counted from here on. */
export interface Counting {
  type: 'counting';
  backend: Backend;
  functions: PlannedProbe[];
  skipped: SkippedFunctions[];
}

/** The counts, with which the counting ends. */
export interface Counts {
  type: 'counts';
  /** Of the functions of `counting`, in their order. */
  hits: number[];
  /** Calls that were not counted: the kernel was running another probe's program on that CPU. */
  missed: number;
  /** For which it was counted. */
  milliseconds: number;
}

/** A name that the target's kernel has for a number. */
export interface ValueName {
  value: number;
  name: string;
}

export interface DropReasonName extends ValueName {
  /** Without the SKB_DROP_REASON_ prefix of the core's enum; subsystem reasons whole. */
  name: string;
}

/** Probes are armed: every packet from here on is seen. */
export interface Attached {
  type: 'attached';
  backend: Backend;
  functions: ProbedFunction[];
  /** How many more are probed only to tell of the ends and copies of packets. */
  lifeCycleFunctions: number;
  skipped: SkippedFunctions[];
  /** Connections that carry this trace, whose packets are left out: `10.0.2.15:22 - 10.0.2.2:49152`. */
  ownConnections: string[];
  /** The same of other traces on the target; those of later ones are left out too. */
  otherConnections: string[];
  /** Names for `EventLayout.dropReason`; empty on kernels whose kfree_skb tracepoint has no reason (before 5.17). */
  dropReasons: DropReasonName[];
  /** CLOCK_MONOTONIC nanoseconds as a decimal string: what packets do from here on is seen. */
  since: string;
  milliseconds: { scan: number; load: number; attach: number };
}

/** Modules came while tracing, and what was asked for in them is probed: their packets are seen from here on. */
export interface ModulesLoaded {
  type: 'modules';
  /** As in /proc/modules. */
  names: string[];
  functions: ProbedFunction[];
  lifeCycleFunctions: number;
  skipped: SkippedFunctions[];
  /** Of these modules, besides those in `attached`. */
  dropReasons: DropReasonName[];
}

/** BPF programs that get packets were loaded while tracing, and are traced from here on. */
export interface ProgramsLoaded {
  type: 'programs';
  functions: ProbedFunction[];
  skipped: SkippedFunctions[];
}

/** The filter of a FilterRequest is in force. Its events may come before this message, those of the old one after it. */
export interface FilterChanged {
  type: 'filter-changed';
  generation: number;
  /** CLOCK_MONOTONIC nanoseconds as a decimal string: every packet from here on meets this filter. */
  since: string;
  /** From the request to here. */
  milliseconds: number;
}

/** A place in the kernel's code and the function that it lies in. */
export interface KernelLocation {
  address: KernelAddress;
  /** Where the function begins. */
  start: KernelAddress;
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Bytes from there to the next symbol, where there is one. */
  distance?: number;
  /** Functions before and after it in memory, nearest first. */
  neighbours?: string[];
  /** Of its module, in hexadecimal; KernelBuild tells only of modules with probed functions. */
  buildId?: string;
}

/** GNU build ids in hexadecimal: what tells whether a file with debug information is of the running kernel. */
export interface BuildIds {
  /** Of vmlinux; absent when the kernel was linked without one. */
  kernel?: string;
  /** Of the modules that have one, by name. */
  modules: Record<string, string>;
}

/** What lies around functions in the target's memory, each name once. */
export interface Neighbourhood {
  /** As in kallsyms, by address; an empty name where symbols are left out or another module begins. */
  names: string[];
  /** Of each function its index among the names; -1: it is no symbol. */
  positions: number[];
  /** Of each function the bytes to the next symbol; 0: not known. */
  distances: number[];
}

/** Which source and which debug information the running kernel has; comes once, after `attached`, where asked for. */
export interface KernelBuild {
  type: 'kernel-build';
  buildIds: BuildIds;
  /** Text of its configuration, gzip in base64; null when the agent cannot read it. */
  config: string | null;
  /** Address of `_stext`: KASLR moves the kernel's own functions together with it. */
  textStart: KernelAddress | null;
  /** A Neighbourhood of the functions of `attached`, in their order: JSON, gzip, base64; empty: it is not known. */
  neighbourhood: string;
  /** Types for completing expressions: BTF of what a few pointers lead to from a packet, gzip in base64; empty: not known. */
  types: string;
}

/** Names of places that events tell of: drops, callers. Comes before the first event with each. */
export interface Locations {
  type: 'locations';
  locations: KernelLocation[];
}

/** A structure of the target's kernel, for reading memory that events carry. */
export interface StructureLayout {
  name: string;
  bytes: number;
  /** Those of anonymous structures and unions in it among them. */
  members: MemberLayout[];
}

export interface MemberLayout {
  name: string;
  /** As in C, without the name: `struct net_device *`, `__u32`. */
  type: string;
  /** From the beginning of the whole structure, or of its array's element. */
  bitOffset: number;
  /** Of one element where it is an array. */
  bits: number;
  kind: 'unsigned' | 'signed' | 'bool' | 'pointer' | 'bytes' | 'structure';
  /** Elements of an array. */
  count?: number;
  /** Of a structure: with offsets from its own beginning. */
  members?: MemberLayout[];
  /** Names of its values. */
  values?: ValueName[];
  /** Names of its bits: each is a value of one bit or more. */
  flags?: ValueName[];
}

/**
 * Layouts of what was asked for by Extras `skb` and `sharedInfo`, and of the values of `skbMetadata` and `xdpMetadata`,
 * which are structures with the names of SKB_METADATA and XDP_METADATA; comes before the first event.
 */
export interface Structures {
  type: 'structures';
  structures: StructureLayout[];
}

/** What a network namespace is called. */
export interface NamespaceName {
  inode: number;
  name: string;
}

/** Comes before the first event of each that has a name, and when another one has its number. */
export interface Namespaces {
  type: 'namespaces';
  namespaces: NamespaceName[];
}

/**
 * The programs return at once: of what packets do meanwhile nothing is known, and packets that were followed are not
 * followed any more. Comes behind the last event from before, and again with `to` in front of the first one after.
 */
export interface Paused {
  type: 'paused';
  /** The editor was not heard of; or it asked for it. */
  why: 'silence' | 'request';
  /** CLOCK_MONOTONIC nanoseconds as a decimal string. */
  from: string;
  /** null: it lasts. */
  to: string | null;
}

/** The trace is over and every probe is disarmed. */
export interface End {
  type: 'end';
  why: 'stop' | 'error';
  /** Events written to the ring buffer and sent. */
  events: number;
  /** Events that did not fit into the ring buffer. */
  lost: number;
  /** Packets that matched and could not be followed. Absent: nothing was traced. */
  untracked?: number;
  /**
   * Probe hits that the kernel passed over because it was running another of our programs on that CPU. Whose
   * packets they were is not known. Absent: nothing was traced.
   */
  missed?: number;
  milliseconds: { detach: number };
}

/** What failed, in words for the user, with the next step. */
export interface AgentError {
  type: 'error';
  code: AgentErrorCode;
  message: string;
  remedy: string;
  /** What failed is the FilterRequest of this number: the trace goes on with the filter that it has. */
  generation?: number;
}

export type AgentErrorCode =
  | 'no-privilege'
  | 'no-btf'
  | 'no-bpf'
  | 'lockdown'
  | 'no-function'
  | 'bad-pattern'
  | 'no-module'
  | 'bad-filter'
  | 'bad-condition'
  | 'load'
  | 'attach'
  | 'protocol'
  | 'internal';

/** Agent → editor, JSON frames. */
export type Message =
  | Hello
  | CheckReport
  | Plan
  | Counting
  | Counts
  | Matched
  | Progress
  | Attached
  | KernelBuild
  | ModulesLoaded
  | ProgramsLoaded
  | FilterChanged
  | Locations
  | Structures
  | Namespaces
  | Paused
  | End
  | AgentError;
