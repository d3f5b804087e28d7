/** Addresses and ports as pwru prints them, so that its users read ours at once. */
export interface TupleParts {
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
  /** `tcp`, `udp`, `icmp`…, or the protocol's number. */
  protocol: string;
  tcpFlags: number;
}

/** include/uapi/linux/in.h; ICMPv6 by pwru's name. */
const PROTOCOLS = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipip'],
  [6, 'tcp'],
  [17, 'udp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmp6'],
  [89, 'ospf'],
  [112, 'vrrp'],
  [132, 'sctp'],
]);

/** `tcp`, or the number where there is no common name. */
export function protocolName(protocol: number): string {
  return PROTOCOLS.get(protocol) ?? String(protocol);
}

/** skb->protocol, an EtherType: `0x0806`. */
export function formatEtherType(type: number): string {
  return `0x${type.toString(16).padStart(4, '0')}`;
}

/** The first four bytes in dotted form. */
export function formatIpv4(bytes: Uint8Array): string {
  return bytes.subarray(0, 4).join('.');
}

/** Sixteen bytes in RFC 5952 form: the longest run of zero groups as `::`, IPv4-mapped addresses dotted. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${formatIpv4(bytes.subarray(12))}`;
  const zeros = longestZeroRun(groups);
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (zeros.length < 2) return hex(groups);
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, i) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  });
  return best;
}

/** `10.0.2.15:48522->1.1.1.1:80(tcp)`; IPv6 addresses in brackets. */
export function formatTuple(parts: TupleParts): string {
  const host = (address: string) => (address.includes(':') ? `[${address}]` : address);
  const { source, sourcePort, destination, destinationPort, protocol } = parts;
  return `${host(source)}:${sourcePort}->${host(destination)}:${destinationPort}(${protocol})`;
}

/** From the lowest bit of the TCP header's byte of flags up. */
const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

/** `SYN|ACK` */
export function tcpFlagNames(flags: number): string {
  return TCP_FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0).join('|');
}
