import { isIPv6 } from 'node:net';
import { TraceConfigLayout as At } from '../../common/layouts.ts';
import { addressBytes, type Connection } from '../kernel/own-connection.ts';

/** What the BPF programs are told before they are loaded. */
export interface TraceConfig {
  kprobeMulti: boolean;
  filtered: boolean;
  /** Position of the reason among the kfree_skb tracepoint's arguments, the skb being 0; −1: it has none. */
  dropReasonArgument: number;
  /** The connection to leave out. */
  ownConnection: Connection | undefined;
  /** The kernel has bpf_rdonly_cast. */
  directReads: boolean;
  /** Of the filter. */
  generation: number;
}

/** `struct trace_config` of bpf/trace-config.h. */
export function encodeTraceConfig(config: TraceConfig): Uint8Array {
  const bytes = new Uint8Array(At.bytes);
  const view = new DataView(bytes.buffer);
  bytes[At.kprobeMulti] = Number(config.kprobeMulti);
  bytes[At.filtered] = Number(config.filtered);
  bytes[At.reasonArgument] = Math.max(config.dropReasonArgument, 0);
  bytes[At.directReads] = Number(config.directReads);
  view.setUint32(At.generation, config.generation, true);
  const own = config.ownConnection;
  const local = addressBytes(own?.local.address ?? '');
  const remote = addressBytes(own?.remote.address ?? '');
  if (own === undefined || local === undefined || remote === undefined) return bytes;
  bytes[At.hasOwn] = 1;
  view.setUint16(At.ownLocalPort, own.local.port, true);
  view.setUint16(At.ownRemotePort, own.remote.port, true);
  bytes[At.ownIsIpv6] = Number(isIPv6(own.remote.address) && !own.remote.address.includes('.'));
  bytes.set(local, At.ownLocalAddress);
  bytes.set(remote, At.ownRemoteAddress);
  return bytes;
}
