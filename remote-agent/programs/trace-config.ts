import { TraceConfigLayout as At } from '../../common/layouts.ts';

/** What the BPF programs are told before they are loaded. */
export interface TraceConfig {
  kprobeMulti: boolean;
  fentryMulti: boolean;
  filtered: boolean;
  /** Position of the reason among the kfree_skb tracepoint's arguments, the skb being 0; −1: it has none. */
  dropReasonArgument: number;
  /** Packets of connections that carry events away are left out. */
  leavesOutOwn: boolean;
  /** Messages of AF_UNIX and AF_NETLINK sockets are not left out. */
  localSockets: boolean;
  /** The kernel has bpf_rdonly_cast. */
  directReads: boolean;
  /** Functions without a packet are probed too. */
  bystanders: boolean;
  /** Of the filter. */
  generation: number;
  /** Of enum event_extra: what events tell besides. */
  extras: number;
  /** At most so many bytes of a packet, where they are asked for. */
  packetBytes: number;
  /** A packet is followed to its end, whether or not it goes on matching. */
  track: boolean;
  /** That there can be. */
  cpus: number;
  /** BPF programs of XDP are traced. */
  xdp: boolean;
  /** How many values there are of expressions on skbs, and on packets that XDP has. */
  skbMetadata: number;
  xdpMetadata: number;
}

/** `struct trace_config` of bpf/trace-config.h. */
export function encodeTraceConfig(config: TraceConfig): Uint8Array {
  const bytes = new Uint8Array(At.bytes);
  const view = new DataView(bytes.buffer);
  bytes[At.kprobeMulti] = Number(config.kprobeMulti);
  bytes[At.fentryMulti] = Number(config.fentryMulti);
  bytes[At.filtered] = Number(config.filtered);
  bytes[At.reasonArgument] = Math.max(config.dropReasonArgument, 0);
  bytes[At.leavesOutOwn] = Number(config.leavesOutOwn);
  bytes[At.localSockets] = Number(config.localSockets);
  bytes[At.directReads] = Number(config.directReads);
  bytes[At.bystanders] = Number(config.bystanders);
  view.setUint16(At.extras, config.extras, true);
  view.setUint16(At.packetBytes, config.packetBytes, true);
  view.setUint32(At.generation, config.generation, true);
  bytes[At.track] = Number(config.track);
  view.setUint32(At.cpus, config.cpus, true);
  bytes[At.xdp] = Number(config.xdp);
  bytes[At.skbMetadata] = config.skbMetadata;
  bytes[At.xdpMetadata] = config.xdpMetadata;
  return bytes;
}
