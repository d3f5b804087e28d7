/** Events as an agent sends them, decoded field by field: slow and plain, to compare the product's decoder with. */
import {
  BeginSectionLayout,
  DeviceSectionLayout,
  EventExtra,
  EventHeaderLayout,
  EventSection,
  ExtrasSectionLayout,
  Ipv4SectionLayout,
  Ipv6SectionLayout,
  PacketSectionLayout,
  ProtocolSectionLayout,
  StackSectionLayout,
  TaskSectionLayout,
  TunnelSectionLayout,
  TupleFlag,
} from '../../../common/layouts.ts';
import {
  EventsHeader,
  RINGBUF_DISCARD_BIT,
  RINGBUF_HEADER_BYTES,
  recordStride,
} from '../../../common/protocol.ts';

/** What is known of a packet after an event. */
export interface DecodedEvent {
  life: number;
  kind: number;
  /** Low 32 bits of the address of the function, or of where it was dropped. */
  place: number;
  timestamp: bigint;
  cpu: number;
  len: number;
  sections: number;
  skb: bigint;
  head: bigint;
  parent: number;
  generation: number;
  pid: number;
  comm: string;
  netns: number;
  ifindex: number;
  mtu: number;
  device: string;
  protocol: number;
  /** IPPROTO_* */
  l4: number;
  /** `source:port->destination:port/protocol`, IPv6 addresses in brackets; undefined: not an IP packet. */
  tuple: string | undefined;
  mark: number;
  /** Of drops: the reason. Of merges: the life that the packet becomes a part of. Of verdicts: what was returned. */
  value: number;
  /** Total of its CPU, where the event tells it. */
  lost: number | undefined;
  isQuiet: boolean;
  ends: boolean;
  /** What the trace asked for; undefined: nothing. */
  extras: DecodedExtras | undefined;
  /** Bytes in the ring buffer. */
  bytes: number;
}

/** What is there of it. */
export interface DecodedExtras {
  /** Low 32 bits of an address. */
  caller?: number;
  stack?: { id: bigint; frames: number[] };
  packet?: { bytes: Buffer; network: number };
  skb?: Buffer;
  sharedInfo?: Buffer;
  cb?: Buffer;
  /** `source:port->destination:port/protocol` */
  tunnel?: string;
  /** The user's values, eight bytes each. */
  metadata?: Buffer;
}

type Known = Omit<
  DecodedEvent,
  'extras' | 'kind' | 'place' | 'timestamp' | 'cpu' | 'len' | 'sections' | 'bytes'
>;

export class EventDecoder {
  readonly #lives = new Map<number, Known>();

  /** @param payload of an Events frame */
  decode(payload: Buffer): DecodedEvent[] {
    const events: DecodedEvent[] = [];
    let at: number = EventsHeader.bytes;
    for (let left = payload.readDoubleLE(EventsHeader.count); left > 0; left--) {
      const header = payload.readUInt32LE(at);
      const start = at + RINGBUF_HEADER_BYTES;
      const bytes = header & ~RINGBUF_DISCARD_BIT;
      if ((header & RINGBUF_DISCARD_BIT) === 0)
        events.push(this.#event(payload.subarray(start, start + bytes), recordStride(header)));
      at += recordStride(header);
    }
    return events;
  }

  #event(record: Buffer, stride: number): DecodedEvent {
    const sections = record.readUInt16LE(EventHeaderLayout.sections);
    const life = record.readUInt32LE(EventHeaderLayout.life);
    const cpuKind = record.readUInt16LE(EventHeaderLayout.cpuKind);
    const before = (sections & EventSection.Begin) !== 0 ? undefined : this.#lives.get(life);
    const known: Known = { ...(before ?? NOTHING), life, value: 0, lost: undefined };
    known.isQuiet = (sections & EventSection.Quiet) !== 0;
    known.ends = (sections & EventSection.Ends) !== 0;
    let at: number = EventHeaderLayout.bytes;
    const section = (bit: number, bytes: number): Buffer | undefined => {
      if ((sections & bit) === 0) return undefined;
      at += bytes;
      return record.subarray(at - bytes, at);
    };
    let extras: DecodedExtras | undefined;
    if ((sections & EventSection.Extras) !== 0) {
      const length = record.readUInt16LE(at + ExtrasSectionLayout.length);
      extras = decodeExtras(record.subarray(at, at + length));
      at += length;
    }
    const begin = section(EventSection.Begin, BeginSectionLayout.bytes);
    if (begin !== undefined) {
      known.skb = begin.readBigUInt64LE(BeginSectionLayout.skb);
      known.head = begin.readBigUInt64LE(BeginSectionLayout.head);
      known.parent = begin.readUInt32LE(BeginSectionLayout.parent);
      known.generation = begin.readUInt32LE(BeginSectionLayout.generation);
    }
    const task = section(EventSection.Task, TaskSectionLayout.bytes);
    if (task !== undefined) {
      known.pid = task.readUInt32LE(TaskSectionLayout.pid);
      known.comm = text(task.subarray(TaskSectionLayout.comm));
    }
    const device = section(EventSection.Device, DeviceSectionLayout.bytes);
    if (device !== undefined) {
      known.netns = device.readUInt32LE(DeviceSectionLayout.netns);
      known.ifindex = device.readUInt32LE(DeviceSectionLayout.ifindex);
      known.mtu = device.readUInt32LE(DeviceSectionLayout.mtu);
      known.device = text(device.subarray(DeviceSectionLayout.name));
    }
    const protocol = section(EventSection.Protocol, ProtocolSectionLayout.bytes);
    if (protocol !== undefined) {
      known.protocol = protocol.readUInt16LE(ProtocolSectionLayout.protocol);
      const flags = protocol.readUInt8(ProtocolSectionLayout.flags);
      if ((flags & (TupleFlag.Ipv4 | TupleFlag.Ipv6)) === 0) known.tuple = undefined;
      known.l4 = protocol.readUInt8(ProtocolSectionLayout.l4Protocol);
    }
    const ipv4 = section(EventSection.Ipv4, Ipv4SectionLayout.bytes);
    if (ipv4 !== undefined)
      known.tuple =
        `${ipv4.subarray(0, 4).join('.')}:${ipv4.readUInt16LE(Ipv4SectionLayout.sourcePort)}->` +
        `${ipv4.subarray(4, 8).join('.')}:${ipv4.readUInt16LE(Ipv4SectionLayout.destinationPort)}/${known.l4}`;
    const ipv6 = section(EventSection.Ipv6, Ipv6SectionLayout.bytes);
    if (ipv6 !== undefined)
      known.tuple =
        `${ipv6Text(ipv6, Ipv6SectionLayout.source)}:${ipv6.readUInt16LE(Ipv6SectionLayout.sourcePort)}->` +
        `${ipv6Text(ipv6, Ipv6SectionLayout.destination)}:${ipv6.readUInt16LE(Ipv6SectionLayout.destinationPort)}/${known.l4}`;
    known.mark = section(EventSection.Mark, 4)?.readUInt32LE() ?? known.mark;
    known.value = section(EventSection.Drop, 4)?.readUInt32LE() ?? 0;
    known.value = section(EventSection.Merge, 4)?.readUInt32LE() ?? known.value;
    known.lost = section(EventSection.Lost, 4)?.readUInt32LE();
    known.value = section(EventSection.Verdict, 4)?.readUInt32LE() ?? known.value;
    if (at !== record.length) throw new Error(`an event of ${record.length} bytes has sections up to ${at}`);
    this.#lives.set(life, known);
    return {
      ...known,
      kind: cpuKind >>> 12,
      cpu: cpuKind & 0xfff,
      place: record.readUInt32LE(EventHeaderLayout.place),
      timestamp: record.readBigUInt64LE(EventHeaderLayout.time),
      len: record.readUInt32LE(EventHeaderLayout.length),
      sections,
      extras,
      bytes: stride,
    };
  }
}

function decodeExtras(section: Buffer): DecodedExtras {
  const present = section.readUInt16LE(ExtrasSectionLayout.extras);
  const extras: DecodedExtras = {};
  let at: number = ExtrasSectionLayout.bytes;
  if ((present & EventExtra.Caller) !== 0) {
    extras.caller = section.readUInt32LE(at);
    at += 4;
  }
  if ((present & EventExtra.Stack) !== 0) {
    const id = section.readBigUInt64LE(at);
    const count = section.readUInt32LE(at + StackSectionLayout.frames);
    at += StackSectionLayout.bytes;
    extras.stack = {
      id,
      frames: Array.from({ length: count }, (_, nth) => section.readUInt32LE(at + 4 * nth)),
    };
    at += 4 * count;
  }
  if ((present & EventExtra.Packet) !== 0) {
    const length = section.readUInt16LE(at + PacketSectionLayout.length);
    const network = section.readUInt16LE(at + PacketSectionLayout.network);
    at += PacketSectionLayout.bytes;
    extras.packet = { bytes: section.subarray(at, at + length), network };
    at += (length + 3) & ~3;
  }
  for (const [bit, name] of [
    [EventExtra.Skb, 'skb'],
    [EventExtra.SharedInfo, 'sharedInfo'],
    [EventExtra.Cb, 'cb'],
  ] as const) {
    if ((present & bit) === 0) continue;
    const length = section.readUInt32LE(at);
    extras[name] = section.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  if ((present & EventExtra.Tunnel) !== 0) {
    const protocol = section.subarray(at + TunnelSectionLayout.protocol);
    const ip = section.subarray(at + TunnelSectionLayout.ip);
    const address = (from: number) =>
      (protocol.readUInt8(ProtocolSectionLayout.flags) & TupleFlag.Ipv4) !== 0
        ? ip.subarray(from, from + 4).join('.')
        : ipv6Text(ip, from);
    const port = (from: number) => ip.readUInt16LE(from);
    extras.tunnel =
      `${address(Ipv6SectionLayout.source)}:${port(Ipv6SectionLayout.sourcePort)}->` +
      `${address(Ipv6SectionLayout.destination)}:${port(Ipv6SectionLayout.destinationPort)}/` +
      `${protocol.readUInt8(ProtocolSectionLayout.l4Protocol)}`;
    at += TunnelSectionLayout.bytes;
  }
  if ((present & EventExtra.Metadata) !== 0) {
    const length = section.readUInt32LE(at);
    extras.metadata = section.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  if (at !== section.length) throw new Error(`extras of ${section.length} bytes have sections up to ${at}`);
  return extras;
}

const NOTHING: Known = {
  life: 0,
  skb: 0n,
  head: 0n,
  parent: 0,
  generation: 0,
  pid: 0,
  comm: '',
  netns: 0,
  ifindex: 0,
  mtu: 0,
  device: '',
  protocol: 0,
  l4: 0,
  tuple: undefined,
  mark: 0,
  value: 0,
  lost: undefined,
  isQuiet: false,
  ends: false,
};

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

function ipv6Text(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(at + 2 * group).toString(16));
  return `[${groups.join(':')}]`;
}
