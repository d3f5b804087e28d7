import { isIPv6 } from 'node:net';
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

/** `struct trace_config` of bpf/config.h. */
export function encodeTraceConfig(config: TraceConfig): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  bytes[0] = Number(config.kprobeMulti);
  bytes[1] = Number(config.filtered);
  bytes[2] = Math.max(config.dropReasonArgument, 0);
  bytes[41] = Number(config.directReads);
  view.setUint32(44, config.generation, true);
  const own = config.ownConnection;
  const local = addressBytes(own?.local.address ?? '');
  const remote = addressBytes(own?.remote.address ?? '');
  if (own === undefined || local === undefined || remote === undefined) return bytes;
  bytes[3] = 1;
  view.setUint16(4, own.local.port, true);
  view.setUint16(6, own.remote.port, true);
  bytes[8] = Number(isIPv6(own.remote.address) && !own.remote.address.includes('.'));
  bytes.set(local, 9);
  bytes.set(remote, 25);
  return bytes;
}
