/** One line on a packet: enough to find it in another program's list of the same file. */
import { formatEtherType, formatIpv4, formatIpv6, protocolName } from '../../base/tuple.ts';
import type { ViewedPacket } from './link-types.ts';

const VLAN_TYPES = [0x8100, 0x88a8];
const etherTypes = new Map([
  [0x0806, 'arp'],
  [0x8035, 'rarp'],
  [0x8847, 'mpls'],
  [0x8863, 'pppoe discovery'],
  [0x8864, 'pppoe session'],
  [0x88cc, 'lldp'],
]);
/** tcp, udp, sctp: both ports come first. */
const WITH_PORTS = [6, 17, 132];

/** `10.0.0.2 → 1.1.1.1 tcp 40000 → 80`; what is not IP by its EtherType. */
export function summarize({ link, data }: ViewedPacket): string {
  return link === 'l3' ? network(data) : ethernet(data, 12, '');
}

function ethernet(data: Uint8Array, typeAt: number, tags: string): string {
  const type = u16(data, typeAt);
  if (type === undefined) return 'truncated';
  if (VLAN_TYPES.includes(type)) {
    const id = (u16(data, typeAt + 2) ?? 0) & 0xfff;
    return ethernet(data, typeAt + 4, `${tags}vlan ${id} `);
  }
  const payload = data.subarray(typeAt + 2);
  if (type === 0x0800 || type === 0x86dd) return tags + network(payload);
  if (type < 0x600) return `${tags}802.2`;
  return tags + (etherTypes.get(type) ?? `EtherType ${formatEtherType(type)}`);
}

function network(data: Uint8Array): string {
  const version = (data[0] ?? 0) >> 4;
  if (version === 4 && data.length >= 20) {
    const later = ((u16(data, 6) ?? 0) & 0x1fff) !== 0;
    const transport = data.subarray(4 * ((data[0] ?? 0) & 0xf));
    const ends = `${formatIpv4(data.subarray(12))} → ${formatIpv4(data.subarray(16))}`;
    return later
      ? `${ends} ${protocolName(data[9] ?? 0)} fragment`
      : `${ends} ${over(data[9] ?? 0, transport)}`;
  }
  if (version === 6 && data.length >= 40) {
    const ends = `${formatIpv6(data.subarray(8, 24))} → ${formatIpv6(data.subarray(24, 40))}`;
    return `${ends} ${over(data[6] ?? 0, data.subarray(40))}`;
  }
  return data.length === 0 ? 'empty' : `no IP header (${data.length} bytes)`;
}

function over(protocol: number, data: Uint8Array): string {
  const [source, destination] = [u16(data, 0), u16(data, 2)];
  const ports = WITH_PORTS.includes(protocol) && source !== undefined && destination !== undefined;
  return ports ? `${protocolName(protocol)} ${source} → ${destination}` : protocolName(protocol);
}

function u16(data: Uint8Array, at: number): number | undefined {
  return at + 1 < data.length ? ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0) : undefined;
}
