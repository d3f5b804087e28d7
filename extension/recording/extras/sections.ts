/**
 * What events tell on request: sections of their own (enum event_extra of bpf/events/event.h), kept as they came and
 * read when somebody looks at the event.
 */
import {
  CallerSectionLayout,
  EventExtra,
  ExtrasSectionLayout,
  Ipv6SectionLayout,
  MemorySectionLayout,
  PacketSectionLayout,
  ProtocolSectionLayout,
  StackSectionLayout,
  TunnelSectionLayout,
  TupleFlag,
} from '../../../common/layouts.ts';
import { formatIpv4, formatIpv6, protocolName, type TupleParts } from '../../base/tuple.ts';

export type Extra = (typeof EventExtra)[keyof typeof EventExtra];

/** Words of a section that begins at a word; in the order of the bits. */
const SECTIONS: readonly (readonly [bit: Extra, length: (words: Uint32Array, at: number) => number])[] = [
  [EventExtra.Caller, () => CallerSectionLayout.bytes / 4],
  [EventExtra.Stack, (words, at) => StackSectionLayout.bytes / 4 + stackFrames(words, at)],
  [EventExtra.Packet, (words, at) => PacketSectionLayout.bytes / 4 + ((packetLength(words, at) + 3) >>> 2)],
  [EventExtra.Skb, memoryWords],
  [EventExtra.SharedInfo, memoryWords],
  [EventExtra.Cb, memoryWords],
  [EventExtra.Tunnel, () => TunnelSectionLayout.bytes / 4],
  [EventExtra.Metadata, memoryWords],
];

/** Words of all that an event tells on request, from the structure at a word that it begins with. */
export function extrasWords(words: Uint32Array, at: number): number {
  return (words[at] ?? 0) >>> 18; // of bytes in the upper half
}

/** The word that a section begins at; undefined: the event has none. @param at where its extras begin */
export function findExtra(words: Uint32Array, at: number, wanted: Extra): number | undefined {
  const present = (words[at] ?? 0) & 0xffff;
  if ((present & wanted) === 0) return undefined;
  let section = at + ExtrasSectionLayout.bytes / 4;
  for (const [bit, length] of SECTIONS) {
    if (bit === wanted) return section;
    if ((present & bit) !== 0) section += length(words, section);
  }
  return undefined;
}

/** Low 32 bits of the address that the function returns to. */
export function callerAddress(words: Uint32Array, section: number): number {
  return words[section] ?? 0;
}

/** Of a stack, the same whenever it comes again. */
export function stackId(words: Uint32Array, section: number): number {
  return (words[section + 1] ?? 0) * 2 ** 32 + (words[section] ?? 0);
}

/** How many frames this event tells; 0: one before it did. */
export function stackFrames(words: Uint32Array, section: number): number {
  return words[section + StackSectionLayout.frames / 4] ?? 0;
}

function packetLength(words: Uint32Array, section: number): number {
  return (words[section] ?? 0) & 0xffff;
}

/** The first bytes of a packet. */
export interface PacketBytes {
  bytes: Uint8Array;
  /** Where in them the network header begins: 0, or behind the link header that they begin with. */
  network: number;
}

export function packetBytes(words: Uint32Array, section: number): PacketBytes {
  const start = words.byteOffset + section * 4 + PacketSectionLayout.bytes;
  return {
    bytes: new Uint8Array(words.buffer, start, packetLength(words, section)),
    network: (words[section] ?? 0) >>> 16,
  };
}

function memoryWords(words: Uint32Array, section: number): number {
  return (MemorySectionLayout.bytes + (words[section] ?? 0)) >>> 2;
}

/** Memory of the target's kernel. */
export function memoryBytes(words: Uint32Array, section: number): Uint8Array {
  const start = words.byteOffset + section * 4 + MemorySectionLayout.bytes;
  return new Uint8Array(words.buffer, start, words[section] ?? 0);
}

/** Addresses and ports inside of a tunnel. */
export function tunnelTuple(words: Uint32Array, section: number): TupleParts {
  const bytes = new Uint8Array(words.buffer, words.byteOffset + section * 4, TunnelSectionLayout.bytes);
  const flags = bytes[TunnelSectionLayout.protocol + ProtocolSectionLayout.flags] ?? 0;
  const ip = bytes.subarray(TunnelSectionLayout.ip);
  const format = (flags & TupleFlag.Ipv6) === 0 ? formatIpv4 : formatIpv6;
  const address = (at: number) => format(Buffer.from(ip.subarray(at, at + 16)));
  const port = (at: number) => (ip[at] ?? 0) | ((ip[at + 1] ?? 0) << 8);
  return {
    source: address(Ipv6SectionLayout.source),
    sourcePort: port(Ipv6SectionLayout.sourcePort),
    destination: address(Ipv6SectionLayout.destination),
    destinationPort: port(Ipv6SectionLayout.destinationPort),
    protocol: protocolName(bytes[TunnelSectionLayout.protocol + ProtocolSectionLayout.l4Protocol] ?? 0),
    tcpFlags: ip[Ipv6SectionLayout.tcpFlags] ?? 0,
  };
}
