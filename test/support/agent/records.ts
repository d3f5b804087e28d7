/** Makes the bytes that an agent sends, for tests of what reads them. */
import { encodeJsonFrame, frameHeader } from '../../../common/framing.ts';
import {
  EventsHeader,
  FrameKind,
  RINGBUF_DISCARD_BIT,
  RINGBUF_HEADER_BYTES,
  type Attached,
  type Hello,
} from '../../../common/protocol.ts';
import { EventFlag, EventKind, EventLayout } from '../../../common/layouts.ts';

export interface TestEvent {
  timestamp?: bigint;
  skb?: bigint;
  head?: bigint;
  address?: bigint;
  kind?: 'function' | 'drop';
  dropReason?: number;
  netns?: number;
  ifindex?: number;
  mtu?: number;
  mark?: number;
  len?: number;
  pid?: number;
  cpu?: number;
  protocol?: number;
  l4Protocol?: number;
  tcpFlags?: number;
  /** Four or sixteen bytes; without: not an IP packet. */
  source?: number[];
  destination?: number[];
  sourcePort?: number;
  destinationPort?: number;
  comm?: string;
  lostBefore?: number;
  generation?: number;
  discarded?: boolean;
}

const STRIDE = RINGBUF_HEADER_BYTES + EventLayout.bytes;
export const KERNEL = 0xffff_0000_0000_0000n;

/** Kernel address of a test's function or skb by a small number. */
export function kernelAddress(low48: number): bigint {
  return KERNEL | BigInt(low48);
}

/** The payload of an Events frame. */
export function batch(events: readonly TestEvent[], lost = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(EventsHeader.bytes + events.length * STRIDE);
  const view = new DataView(bytes.buffer);
  view.setUint32(EventsHeader.count, events.length, true);
  view.setUint32(EventsHeader.stride, STRIDE, true);
  view.setFloat64(EventsHeader.lost, lost, true);
  events.forEach((event, i) => writeRecord(bytes.subarray(EventsHeader.bytes + i * STRIDE), event));
  return bytes;
}

export function eventsFrame(events: readonly TestEvent[], lost = 0): Buffer {
  const payload = batch(events, lost);
  return Buffer.concat([frameHeader(FrameKind.Events, payload.length), payload]);
}

function writeRecord(bytes: Uint8Array, event: TestEvent): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, EventLayout.bytes | (event.discarded === true ? RINGBUF_DISCARD_BIT : 0), true);
  const record = new DataView(bytes.buffer, bytes.byteOffset + RINGBUF_HEADER_BYTES);
  const flags =
    event.source === undefined ? 0 : EventFlag.Tuple | (event.source.length === 16 ? EventFlag.Ipv6 : 0);
  record.setBigUint64(EventLayout.timestamp, event.timestamp ?? 0n, true);
  record.setBigUint64(EventLayout.skb, event.skb ?? kernelAddress(0x8880_0000_1000), true);
  record.setBigUint64(EventLayout.head, event.head ?? kernelAddress(0x8880_0000_2000), true);
  record.setBigUint64(EventLayout.address, event.address ?? 0n, true);
  for (const name of [
    'dropReason',
    'netns',
    'ifindex',
    'mtu',
    'mark',
    'len',
    'pid',
    'lostBefore',
    'generation',
  ] as const)
    record.setUint32(EventLayout[name], event[name] ?? 0, true);
  for (const name of ['cpu', 'protocol', 'sourcePort', 'destinationPort'] as const)
    record.setUint16(EventLayout[name], event[name] ?? 0, true);
  record.setUint8(EventLayout.kind, event.kind === 'drop' ? EventKind.Drop : EventKind.Function);
  record.setUint8(EventLayout.flags, flags);
  record.setUint8(EventLayout.l4Protocol, event.l4Protocol ?? 0);
  record.setUint8(EventLayout.tcpFlags, event.tcpFlags ?? 0);
  const at = RINGBUF_HEADER_BYTES;
  bytes.set(event.source ?? [], at + EventLayout.sourceAddress);
  bytes.set(event.destination ?? [], at + EventLayout.destinationAddress);
  bytes.set(Buffer.from(event.comm ?? '').subarray(0, 16), at + EventLayout.comm);
}

/** Functions of a target by name, probed at 0x…1000, 0x…2000, … */
export function attached(names: readonly string[], extra: Partial<Attached> = {}): Attached {
  return {
    type: 'attached',
    backend: 'kprobe-multi',
    functions: names.map((name, i) => ({ address: functionAddress(i), name, module: '', argument: 1 })),
    skipped: [],
    dropReasons: [],
    devices: [],
    milliseconds: { scan: 1, load: 2, attach: 3 },
    ...extra,
  };
}

/** Low 48 bits of the address of the nth function of `attached`. */
export function functionAddress(nth: number): number {
  return 0xffff_8100_0000 + (nth + 1) * 0x1000;
}

export function hello(extra: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    protocol: 1,
    pid: 42,
    nodeVersion: 'v20.0.0',
    hostname: 'guest',
    kernelRelease: '6.12.1',
    machine: 'x86_64',
    kernelVersion: 'Linux version 6.12.1',
    cpus: 2,
    realtimeOffset: '1700000000000000000',
    ...extra,
  };
}

export { encodeJsonFrame };
