/** Makes the bytes that an agent sends, for tests of what reads them. */
import { encodeJsonFrame, frameHeader } from '../../../common/framing.ts';
import {
  EventsHeader,
  FrameKind,
  PROTOCOL_VERSION,
  RINGBUF_DISCARD_BIT,
  RINGBUF_HEADER_BYTES,
  recordStride,
  type Attached,
  type Hello,
  type ModulesLoaded,
  type ProgramsLoaded,
} from '../../../common/protocol.ts';
import {
  BeginSectionLayout,
  DeviceSectionLayout,
  EventExtra,
  EventHeaderLayout,
  EventKind,
  EventSection,
  ExtrasSectionLayout,
  Ipv4SectionLayout,
  Ipv6SectionLayout,
  ProtocolSectionLayout,
  TaskSectionLayout,
  TunnelSectionLayout,
  TupleFlag,
} from '../../../common/layouts.ts';

export interface TestEvent {
  timestamp?: bigint;
  skb?: bigint;
  head?: bigint;
  address?: bigint;
  /** 0: it could not be followed. */
  life?: number;
  /** Life that it is a copy of. */
  parent?: number;
  /** Of a merge: the life that it becomes a part of. */
  into?: number;
  ends?: boolean;
  quiet?: boolean;
  device?: string;
  /** Events that were lost on its CPU so far. */
  lostTotal?: number;
  kind?: 'function' | 'drop' | 'copy' | 'merge' | 'origin' | 'verdict';
  /** What a BPF program returned. */
  verdict?: number;
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
  generation?: number;
  extras?: TestExtras;
  discarded?: boolean;
}

/** What events tell on request. */
export interface TestExtras {
  /** Address, of which the low 32 bits are sent, as of frames. */
  caller?: number;
  stack?: { id: bigint; frames?: number[] };
  packet?: { bytes: number[]; network?: number };
  /** Memory in words. */
  skb?: number[];
  cb?: number[];
  metadata?: number[];
  /** Of an IPv4 packet. */
  tunnel?: { source: number[]; destination: number[]; destinationPort: number; l4Protocol: number };
}

export const KERNEL = 0xffff_0000_0000_0000n;

/** Kernel address of a test's function or skb by a small number. */
export function kernelAddress(low48: number): bigint {
  return KERNEL | BigInt(low48);
}

/** The payload of an Events frame; every event tells everything of its packet. */
export function batch(
  events: readonly TestEvent[],
  { lost = 0, missed = 0, untracked = 0 } = {},
): Uint8Array<ArrayBuffer> {
  const records = events.map(record);
  const payload = Buffer.concat([Buffer.alloc(EventsHeader.bytes), ...records]);
  payload.writeDoubleLE(events.length, EventsHeader.count);
  payload.writeDoubleLE(lost, EventsHeader.lost);
  payload.writeDoubleLE(missed, EventsHeader.missed);
  payload.writeDoubleLE(untracked, EventsHeader.untracked);
  return new Uint8Array(payload); // at offset 0 of a buffer of its own
}

export function eventsFrame(events: readonly TestEvent[], lost = 0): Buffer {
  const payload = batch(events, { lost });
  return Buffer.concat([frameHeader(FrameKind.Events, payload.length), payload]);
}

const KINDS = {
  function: EventKind.Step,
  drop: EventKind.Drop,
  copy: EventKind.Copy,
  merge: EventKind.Merge,
  origin: EventKind.Origin,
  verdict: EventKind.Verdict,
};

/** One record of the ring buffer, its padding included. */
function record(event: TestEvent): Buffer {
  const skb = event.skb ?? kernelAddress(0x8880_0000_1000);
  const kind = event.kind ?? 'function';
  const isIpv6 = event.source?.length === 16;
  const tupleFlags = event.source === undefined ? 0 : isIpv6 ? TupleFlag.Ipv6 : TupleFlag.Ipv4;
  const parts: Buffer[] = [];
  let sections = 0;
  const section = (bit: number, bytes: number, write: (to: Buffer) => void) => {
    sections |= bit;
    const to = Buffer.alloc(bytes);
    write(to);
    parts.push(to);
  };
  if (event.extras !== undefined) {
    sections |= EventSection.Extras;
    parts.push(extrasSection(event.extras));
  }
  section(EventSection.Begin, BeginSectionLayout.bytes, (to) => {
    to.writeBigUInt64LE(skb, BeginSectionLayout.skb);
    to.writeBigUInt64LE(event.head ?? kernelAddress(0x8880_0000_2000), BeginSectionLayout.head);
    to.writeUInt32LE(event.parent ?? 0, BeginSectionLayout.parent);
    to.writeUInt32LE(event.generation ?? 0, BeginSectionLayout.generation);
  });
  section(EventSection.Task, TaskSectionLayout.bytes, (to) => {
    to.writeUInt32LE(event.pid ?? 0, TaskSectionLayout.pid);
    Buffer.from(event.comm ?? '').copy(to, TaskSectionLayout.comm);
  });
  section(EventSection.Device, DeviceSectionLayout.bytes, (to) => {
    to.writeUInt32LE(event.netns ?? 0, DeviceSectionLayout.netns);
    to.writeUInt32LE(event.ifindex ?? 0, DeviceSectionLayout.ifindex);
    to.writeUInt32LE(event.mtu ?? 0, DeviceSectionLayout.mtu);
    Buffer.from(event.device ?? '').copy(to, DeviceSectionLayout.name);
  });
  section(EventSection.Protocol, ProtocolSectionLayout.bytes, (to) => {
    to.writeUInt16LE(event.protocol ?? 0, ProtocolSectionLayout.protocol);
    to.writeUInt8(tupleFlags, ProtocolSectionLayout.flags);
    to.writeUInt8(event.l4Protocol ?? 0, ProtocolSectionLayout.l4Protocol);
  });
  if (tupleFlags !== 0) {
    const layout = isIpv6 ? Ipv6SectionLayout : Ipv4SectionLayout;
    section(isIpv6 ? EventSection.Ipv6 : EventSection.Ipv4, layout.bytes, (to) => {
      to.set(event.source ?? [], layout.source);
      to.set(event.destination ?? [], layout.destination);
      to.writeUInt16LE(event.sourcePort ?? 0, layout.sourcePort);
      to.writeUInt16LE(event.destinationPort ?? 0, layout.destinationPort);
      to.writeUInt8(event.tcpFlags ?? 0, layout.tcpFlags);
    });
  }
  section(EventSection.Mark, 4, (to) => to.writeUInt32LE(event.mark ?? 0));
  if (kind === 'drop') section(EventSection.Drop, 4, (to) => to.writeUInt32LE(event.dropReason ?? 0));
  if (kind === 'merge') section(EventSection.Merge, 4, (to) => to.writeUInt32LE(event.into ?? 0));
  if (event.lostTotal !== undefined)
    section(EventSection.Lost, 4, (to) => to.writeUInt32LE(event.lostTotal ?? 0));
  if (kind === 'verdict') section(EventSection.Verdict, 4, (to) => to.writeInt32LE(event.verdict ?? 0));
  if (event.ends === true) sections |= EventSection.Ends;
  if (event.quiet === true) sections |= EventSection.Quiet;
  const header = Buffer.alloc(EventHeaderLayout.bytes);
  header.writeBigUInt64LE(event.timestamp ?? 0n, EventHeaderLayout.time);
  // Unless it says otherwise an event's life is as its skb.
  header.writeUInt32LE(event.life ?? (Number(BigInt.asUintN(32, skb >> 4n)) || 1), EventHeaderLayout.life);
  header.writeUInt32LE(Number(BigInt.asUintN(32, event.address ?? 0n)), EventHeaderLayout.place);
  header.writeUInt32LE(event.len ?? 0, EventHeaderLayout.length);
  header.writeUInt16LE((event.cpu ?? 0) | (KINDS[kind] << 12), EventHeaderLayout.cpuKind);
  header.writeUInt16LE(sections, EventHeaderLayout.sections);
  const body = Buffer.concat([header, ...parts]);
  const length = body.length | (event.discarded === true ? RINGBUF_DISCARD_BIT : 0);
  const whole = Buffer.alloc(recordStride(length >>> 0));
  whole.writeUInt32LE(length >>> 0);
  body.copy(whole, RINGBUF_HEADER_BYTES);
  return whole;
}

function extrasSection({ caller, stack, packet, skb, cb, metadata, tunnel }: TestExtras): Buffer {
  const words: number[] = [];
  let present = 0;
  if (caller !== undefined) {
    present |= EventExtra.Caller;
    words.push(caller % 2 ** 32);
  }
  if (stack !== undefined) {
    const { id, frames = [] } = stack;
    present |= EventExtra.Stack;
    words.push(Number(id & 0xffff_ffffn), Number(id >> 32n), frames.length);
    words.push(...frames.map((frame) => frame % 2 ** 32));
  }
  if (packet !== undefined) {
    const padded = Buffer.alloc((packet.bytes.length + 3) & ~3);
    padded.set(packet.bytes);
    present |= EventExtra.Packet;
    words.push(packet.bytes.length | ((packet.network ?? 0) << 16));
    for (let at = 0; at < padded.length; at += 4) words.push(padded.readUInt32LE(at));
  }
  if (skb !== undefined) {
    present |= EventExtra.Skb;
    words.push(skb.length * 4, ...skb);
  }
  if (cb !== undefined) {
    present |= EventExtra.Cb;
    words.push(cb.length * 4, ...cb);
  }
  if (tunnel !== undefined) {
    const inner = Buffer.alloc(TunnelSectionLayout.bytes);
    inner.writeUInt8(TupleFlag.Ipv4, ProtocolSectionLayout.flags);
    inner.writeUInt8(tunnel.l4Protocol, ProtocolSectionLayout.l4Protocol);
    inner.set(tunnel.source, TunnelSectionLayout.ip + Ipv6SectionLayout.source);
    inner.set(tunnel.destination, TunnelSectionLayout.ip + Ipv6SectionLayout.destination);
    inner.writeUInt16LE(tunnel.destinationPort, TunnelSectionLayout.ip + Ipv6SectionLayout.destinationPort);
    present |= EventExtra.Tunnel;
    for (let at = 0; at < inner.length; at += 4) words.push(inner.readUInt32LE(at));
  }
  if (metadata !== undefined) {
    present |= EventExtra.Metadata;
    words.push(metadata.length * 4, ...metadata);
  }
  const section = Buffer.alloc(ExtrasSectionLayout.bytes + words.length * 4);
  section.writeUInt16LE(present, ExtrasSectionLayout.extras);
  section.writeUInt16LE(section.length, ExtrasSectionLayout.length);
  for (const [nth, word] of words.entries())
    section.writeUInt32LE(word >>> 0, ExtrasSectionLayout.bytes + nth * 4);
  return section;
}

/** Functions of a target by name, probed at 0x…1000, 0x…2000, … */
export function attached(names: readonly string[], extra: Partial<Attached> = {}): Attached {
  return {
    type: 'attached',
    backend: 'kprobe-multi',
    functions: names.map((name, i) => ({ address: functionAddress(i), name, module: '', argument: 1 })),
    lifeCycleFunctions: 0,
    skipped: [],
    ownConnections: [],
    otherConnections: [],
    dropReasons: [],
    since: '0',
    milliseconds: { scan: 1, load: 2, attach: 3 },
    ...extra,
  };
}

/** A module that came while tracing, with one function. */
export const VXLAN: ModulesLoaded = {
  type: 'modules',
  names: ['vxlan'],
  functions: [{ address: 0xffff_c000_1000, name: 'vxlan_xmit', module: 'vxlan', argument: 1 }],
  lifeCycleFunctions: 2,
  skipped: [],
  dropReasons: [{ value: 0x20001, name: 'VXLAN_DROP_VNI_NOT_FOUND' }],
};

/** A BPF program that came while tracing. */
export const CLASSIFIER: ProgramsLoaded = {
  type: 'programs',
  functions: [
    { address: 42, name: 'classify(tc)', module: '', argument: 1, program: { id: 42, kind: 'tc' } },
  ],
  skipped: [],
};

/** Low 48 bits of the address of the nth function of `attached`. */
export function functionAddress(nth: number): number {
  return 0xffff_8100_0000 + (nth + 1) * 0x1000;
}

export function hello(extra: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    pid: 42,
    nodeVersion: 'v20.0.0',
    hostname: 'guest',
    kernelRelease: '6.12.1',
    machine: 'x86_64',
    kernelVersion: 'Linux version 6.12.1',
    cpus: 2,
    bootId: '4f3b4c1e-0000-4000-8000-000000000001',
    realtimeOffset: '1700000000000000000',
    ...extra,
  };
}

export { encodeJsonFrame };
