/** Made by build/layouts.ts from the headers of bpf/, which say what each field means. Do not edit. */

/** Byte offsets in `struct event_header`, and its size. */
export const EventHeaderLayout = {
  /** u64 */
  time: 0,
  /** u32 */
  life: 8,
  /** u32 */
  place: 12,
  /** u32 */
  length: 16,
  /** u16 */
  cpuKind: 20,
  /** u16 */
  sections: 22,
  bytes: 24,
} as const;

/** `enum event_kind` */
export const EventKind = {
  Step: 0,
  Drop: 1,
  Copy: 2,
  Merge: 3,
  Origin: 4,
  Verdict: 5,
} as const;

/** `enum event_section` */
export const EventSection = {
  Begin: 1,
  Task: 2,
  Device: 4,
  Protocol: 8,
  Ipv4: 16,
  Ipv6: 32,
  Mark: 64,
  Drop: 128,
  Merge: 256,
  Lost: 512,
  Verdict: 1024,
  Extras: 2048,
  Ends: 16384,
  Quiet: 32768,
} as const;

/** Byte offsets in `struct extras_section`, and its size. */
export const ExtrasSectionLayout = {
  /** u16 */
  extras: 0,
  /** u16 */
  length: 2,
  bytes: 4,
} as const;

/** `enum event_extra` */
export const EventExtra = {
  Caller: 1,
  Stack: 2,
  Packet: 4,
  Skb: 8,
  SharedInfo: 16,
  Cb: 32,
  Tunnel: 64,
  Metadata: 128,
} as const;

/** Byte offsets in `struct caller_section`, and its size. */
export const CallerSectionLayout = {
  /** u32 */
  address: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct stack_section`, and its size. */
export const StackSectionLayout = {
  /** u32 */
  idLow: 0,
  /** u32 */
  idHigh: 4,
  /** u32 */
  frames: 8,
  bytes: 12,
} as const;

/** Byte offsets in `struct packet_section`, and its size. */
export const PacketSectionLayout = {
  /** u16 */
  length: 0,
  /** u16 */
  network: 2,
  bytes: 4,
} as const;

/** `enum packet_limit` */
export const PacketLimit = {
  PacketBytes: 256,
} as const;

/** `enum metadata_limit` */
export const MetadataLimit = {
  MetadataValues: 4,
} as const;

/** Byte offsets in `struct memory_section`, and its size. */
export const MemorySectionLayout = {
  /** u32 */
  length: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct tunnel_section`, and its size. */
export const TunnelSectionLayout = {
  /** protocol_section */
  protocol: 0,
  /** ipv6_section */
  ip: 4,
  bytes: 44,
} as const;

/** Byte offsets in `struct begin_section`, and its size. */
export const BeginSectionLayout = {
  /** u64 */
  skb: 0,
  /** u64 */
  head: 8,
  /** u32 */
  parent: 16,
  /** u32 */
  generation: 20,
  bytes: 24,
} as const;

/** Byte offsets in `struct task_section`, and its size. */
export const TaskSectionLayout = {
  /** u32 */
  pid: 0,
  /** char[16] */
  comm: 4,
  bytes: 20,
} as const;

/** Byte offsets in `struct device_section`, and its size. */
export const DeviceSectionLayout = {
  /** u32 */
  netns: 0,
  /** u32 */
  ifindex: 4,
  /** u32 */
  mtu: 8,
  /** char[16] */
  name: 12,
  bytes: 28,
} as const;

/** Byte offsets in `struct protocol_section`, and its size. */
export const ProtocolSectionLayout = {
  /** u16 */
  protocol: 0,
  /** u8 */
  flags: 2,
  /** u8 */
  l4Protocol: 3,
  bytes: 4,
} as const;

/** `enum tuple_flag` */
export const TupleFlag = {
  Ipv4: 1,
  Ipv6: 2,
  Fragment: 4,
} as const;

/** Byte offsets in `struct ipv4_section`, and its size. */
export const Ipv4SectionLayout = {
  /** u8[4] */
  source: 0,
  /** u8[4] */
  destination: 4,
  /** u16 */
  sourcePort: 8,
  /** u16 */
  destinationPort: 10,
  /** u8 */
  tcpFlags: 12,
  /** u8[3] */
  unused: 13,
  bytes: 16,
} as const;

/** Byte offsets in `struct ipv6_section`, and its size. */
export const Ipv6SectionLayout = {
  /** u8[16] */
  source: 0,
  /** u8[16] */
  destination: 16,
  /** u16 */
  sourcePort: 32,
  /** u16 */
  destinationPort: 34,
  /** u8 */
  tcpFlags: 36,
  /** u8[3] */
  unused: 37,
  bytes: 40,
} as const;

/** Byte offsets in `struct mark_section`, and its size. */
export const MarkSectionLayout = {
  /** u32 */
  mark: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct drop_section`, and its size. */
export const DropSectionLayout = {
  /** u32 */
  reason: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct merge_section`, and its size. */
export const MergeSectionLayout = {
  /** u32 */
  into: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct lost_section`, and its size. */
export const LostSectionLayout = {
  /** u32 */
  total: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct verdict_section`, and its size. */
export const VerdictSectionLayout = {
  /** u32 */
  value: 0,
  bytes: 4,
} as const;

/** Byte offsets in `struct cpu_counters`, and its size. */
export const CpuCountersLayout = {
  /** u64 */
  lost: 0,
  /** u64 */
  told: 8,
  /** u64 */
  untracked: 16,
  bytes: 64,
} as const;

/** `enum counter_limit` */
export const CounterLimit = {
  CounterCpus: 1024,
  FollowedSlots: 65536,
} as const;

/** `enum life_limit` */
export const LifeLimit = {
  Lives: 32768,
} as const;

/** `enum frame_limit` */
export const FrameLimit = {
  Frames: 4096,
} as const;

/** `enum scratch_of` */
export const ScratchOf = {
  ScratchOfProbes: 0,
  ScratchOfPrograms: 1,
  ScratchOfDrops: 2,
  Scratches: 3,
  ScratchOfFentry: 3,
  ScratchesWithFentry: 7,
} as const;

/** Byte offsets in `struct connection`, and its size. */
export const ConnectionLayout = {
  /** u8[16] */
  source: 0,
  /** u8[16] */
  destination: 16,
  /** u16 */
  sourcePort: 32,
  /** u16 */
  destinationPort: 34,
  bytes: 36,
} as const;

/** `enum connection_of` */
export const ConnectionOf = {
  Agent: 1,
  Other: 2,
} as const;

/** `enum xdp_limit` */
export const XdpLimit = {
  XdpPackets: 4096,
  SkbHeads: 32768,
} as const;

/** `enum connection_limit` */
export const ConnectionLimit = {
  OwnConnections: 1024,
} as const;

/** Byte offsets in `struct trace_config`, and its size. */
export const TraceConfigLayout = {
  /** u8 */
  kprobeMulti: 0,
  /** u8 */
  fentryMulti: 1,
  /** u8 */
  filtered: 2,
  /** u8 */
  reasonArgument: 3,
  /** u8 */
  leavesOutOwn: 4,
  /** u8 */
  localSockets: 5,
  /** u8 */
  directReads: 6,
  /** u8 */
  track: 7,
  /** u8 */
  bystanders: 8,
  /** u16 */
  extras: 10,
  /** u16 */
  packetBytes: 12,
  /** u32 */
  generation: 16,
  /** u32 */
  cpus: 20,
  /** u8 */
  xdp: 24,
  /** u8 */
  skbMetadata: 25,
  /** u8 */
  xdpMetadata: 26,
  bytes: 28,
} as const;

/** Byte offsets in `struct traced_program`, and its size. */
export const TracedProgramLayout = {
  /** u32 */
  id: 0,
  /** u32 */
  place: 4,
  bytes: 8,
} as const;

/** Byte offsets in `struct filter_config`, and its size. */
export const FilterConfigLayout = {
  /** u64 */
  vmemmapBase: 0,
  /** u64 */
  pageOffsetBase: 8,
  /** u32 */
  pageBytes: 16,
  /** u8 */
  readsLink: 20,
  /** u8 */
  tunnelFilters: 21,
  bytes: 24,
} as const;

/** `enum tunnel_filter` */
export const TunnelFilter = {
  L2: 1,
  L3: 2,
} as const;

/** Byte offsets in `struct conditions`, and its size. */
export const ConditionsLayout = {
  /** u32 */
  netns: 0,
  /** u32 */
  ifindex: 4,
  /** u32 */
  markMask: 8,
  /** u32 */
  mark: 12,
  /** u8 */
  any: 16,
  /** u8 */
  expression: 17,
  /** u8 */
  xdpExpression: 18,
  bytes: 20,
} as const;

/** Byte offsets in `struct match_packet`, and its size. */
export const MatchPacketLayout = {
  /** u32 */
  offset: 0,
  /** u32 */
  captured: 4,
  /** u32 */
  length: 8,
  /** u32 */
  layer: 12,
  /** u64 */
  link: 16,
  /** u64 */
  matches: 24,
  bytes: 32,
} as const;

/** `enum match_limit` */
export const MatchLimit = {
  Packets: 64,
  Bytes: 1048576,
} as const;

/** `enum program` */
export const Program = {
  Plain: 0,
  Tail: 6,
  HeadState: 7,
  Data: 8,
  Final: 9,
  FinalSecond: 10,
  Stolen: 11,
  Partial: 12,
  Reshape: 13,
  Copy: 14,
  Merge: 15,
  Build: 16,
  Bystander: 17,
  Quiet: 24,
} as const;

/** `enum go_on` */
export const GoOn = {
  Follow: 0,
  FollowOther: 1,
  Step: 2,
  Copy: 3,
  Merge: 4,
  Entries: 5,
  Paused: 255,
} as const;
