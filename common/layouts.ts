/** Made by build/layouts.ts from the headers of bpf/, which say what each field means. Do not edit. */

/** Byte offsets in `struct event`, and its size. */
export const EventLayout = {
  /** u64 */
  timestamp: 0,
  /** u64 */
  skb: 8,
  /** u64 */
  head: 16,
  /** u64 */
  address: 24,
  /** u32 */
  dropReason: 32,
  /** u32 */
  netns: 36,
  /** u32 */
  ifindex: 40,
  /** u32 */
  mtu: 44,
  /** u32 */
  mark: 48,
  /** u32 */
  len: 52,
  /** u32 */
  pid: 56,
  /** u16 */
  cpu: 60,
  /** u8 */
  kind: 62,
  /** u8 */
  flags: 63,
  /** u16 */
  protocol: 64,
  /** u16 */
  sourcePort: 66,
  /** u16 */
  destinationPort: 68,
  /** u8 */
  l4Protocol: 70,
  /** u8 */
  tcpFlags: 71,
  /** u8[16] */
  sourceAddress: 72,
  /** u8[16] */
  destinationAddress: 88,
  /** char[16] */
  comm: 104,
  /** u32 */
  lostBefore: 120,
  /** u32 */
  generation: 124,
  bytes: 128,
} as const;

/** `enum event_kind` */
export const EventKind = {
  Function: 0,
  Drop: 1,
} as const;

/** `enum event_flag` */
export const EventFlag = {
  Tuple: 1,
  Ipv6: 2,
  Fragment: 4,
} as const;

/** Byte offsets in `struct cpu_loss`, and its size. */
export const CpuLossLayout = {
  /** u64 */
  total: 0,
  /** u64 */
  told: 8,
  bytes: 64,
} as const;

/** `enum loss_limit` */
export const LossLimit = {
  LossCpus: 1024,
} as const;

/** Byte offsets in `struct trace_config`, and its size. */
export const TraceConfigLayout = {
  /** u8 */
  kprobeMulti: 0,
  /** u8 */
  filtered: 1,
  /** u8 */
  reasonArgument: 2,
  /** u8 */
  hasOwn: 3,
  /** u16 */
  ownLocalPort: 4,
  /** u16 */
  ownRemotePort: 6,
  /** u8 */
  ownIsIpv6: 8,
  /** u8[16] */
  ownLocalAddress: 9,
  /** u8[16] */
  ownRemoteAddress: 25,
  /** u8 */
  directReads: 41,
  /** u32 */
  generation: 44,
  bytes: 48,
} as const;

/** Byte offsets in `struct filter_config`, and its size. */
export const FilterConfigLayout = {
  /** u64 */
  vmemmapBase: 0,
  /** u64 */
  pageOffsetBase: 8,
  /** u8 */
  readsLink: 16,
  /** u8 */
  tunnelFilters: 17,
  bytes: 24,
} as const;

/** `enum tunnel_filter` */
export const TunnelFilter = {
  L2: 1,
  L3: 2,
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

/** `enum dispatch_table` */
export const DispatchTable = {
  Half: 8,
} as const;
