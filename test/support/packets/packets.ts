import type { LinkFacts } from '../../../common/bpf/cbpf.ts';

/** Packets made by hand, one for each thing that a filter may ask about. */
export interface CraftedPacket {
  name: string;
  /** From the Ethernet header, as much as was captured. */
  frame: Uint8Array;
  /** Bytes of the link header, VLAN tags included: the IP view begins behind it. */
  linkBytes: number;
  /** Bytes on the wire that were not captured. */
  missing: number;
}

export const u16 = (value: number) => [(value >> 8) & 0xff, value & 0xff];
const address4 = (text: string) => text.split('.').map(Number);
const address6 = (text: string) => {
  const [left = '', right = ''] = text.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const [head, tail] = [parse(left), parse(right)];
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail].flatMap(u16);
};
const mac = (text: string) => text.split(':').map((byte) => parseInt(byte, 16));

const HOST = '02:00:00:00:00:01';
const ROUTER = '02:00:00:00:00:02';
const text = (value: string) => [...Buffer.from(value)];

export interface Ipv4Fields {
  source?: string;
  destination?: string;
  protocol: number;
  /** Flags and fragment offset, as the 16 bits are. */
  fragment?: number;
  options?: number[];
  ttl?: number;
  tos?: number;
}

export function ipv4(fields: Ipv4Fields, payload: number[]): number[] {
  const { source = '10.0.0.1', destination = '1.1.1.1', protocol, fragment = 0, options = [] } = fields;
  const headerBytes = 20 + options.length;
  return [
    ...[0x40 | (headerBytes / 4), fields.tos ?? 0, ...u16(headerBytes + payload.length), ...u16(0x1234)],
    ...[...u16(fragment), fields.ttl ?? 64, protocol, 0, 0, ...address4(source), ...address4(destination)],
    ...options,
    ...payload,
  ];
}

export function ipv6(source: string, destination: string, next: number, payload: number[]): number[] {
  const header = [0x60, 0, 0, 0, ...u16(payload.length), next, 64];
  return [...header, ...address6(source), ...address6(destination), ...payload];
}

export function tcp(
  source: number,
  destination: number,
  flags: number,
  payload: number[] = [],
  options: number[] = [],
): number[] {
  const header = [...u16(source), ...u16(destination), 0, 0, 0, 1, 0, 0, 0, 2];
  return [...header, ((20 + options.length) / 4) << 4, flags, 0x20, 0, 0, 0, 0, 0, ...options, ...payload];
}

export const udp = (source: number, destination: number, payload: number[] = []) => [
  ...[...u16(source), ...u16(destination), ...u16(8 + payload.length), 0, 0],
  ...payload,
];
export const icmp = (type: number, code = 0) => [type, code, 0, 0, 0, 1, 0, 1, ...text('ping')];

export const ethernet = (type: number, payload: number[], destination = ROUTER, source = HOST) => [
  ...mac(destination),
  ...mac(source),
  ...u16(type),
  ...payload,
];
export const vlan = (id: number, type: number, payload: number[]) => [...u16(id), ...u16(type), ...payload];
const arp = (operation: number, sender: string, target: string) => [
  ...[...u16(1), ...u16(0x0800), 6, 4, ...u16(operation)],
  ...[...mac(HOST), ...address4(sender), ...mac(ROUTER), ...address4(target)],
];

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const ARP = 0x0806;
const VLAN = 0x8100;
const SYN = 2;
const ACK = 16;
const HTTP = text('GET / HTTP/1.1\r\nHost: one\r\n\r\n');

/** About fifty packets, whole ones and cut ones. */
export function craftedPackets(): CraftedPacket[] {
  const packets: CraftedPacket[] = [];
  const add = (name: string, frame: number[], linkBytes = 14, missing = 0) =>
    packets.push({ name, frame: Uint8Array.from(frame), linkBytes, missing });
  const ip = (name: string, fields: Ipv4Fields, payload: number[]) =>
    add(name, ethernet(IPV4, ipv4(fields, payload)));
  const ip6 = (
    name: string,
    next: number,
    payload: number[],
    source = '2001:db8::1',
    destination = '2001:db8::2',
  ) => add(name, ethernet(IPV6, ipv6(source, destination, next, payload)));

  ip('syn to 1.1.1.1:80', { protocol: 6 }, tcp(40000, 80, SYN, [], [2, 4, 5, 0xb4]));
  ip(
    'syn+ack from 1.1.1.1:80',
    { protocol: 6, source: '1.1.1.1', destination: '10.0.0.1' },
    tcp(80, 40000, SYN | ACK),
  );
  ip('http request', { protocol: 6 }, tcp(40000, 80, ACK | 8, HTTP));
  ip(
    'http request, timestamps',
    { protocol: 6 },
    tcp(40000, 80, ACK | 8, HTTP, [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]),
  );
  ip('reset', { protocol: 6 }, tcp(40000, 443, 4));
  ip('fin', { protocol: 6 }, tcp(22, 50000, 1 | ACK));
  ip('tcp without flags', { protocol: 6 }, tcp(22, 22, 0));
  ip('tcp behind ip options', { protocol: 6, options: [7, 7, 4, 0, 0, 0, 0, 0] }, tcp(40000, 80, SYN));
  ip(
    'tcp, 60 bytes of ip header',
    { protocol: 6, options: new Array<number>(40).fill(1) },
    tcp(40000, 80, SYN),
  );
  ip('dns query', { protocol: 17, destination: '8.8.8.8' }, udp(5353, 53, text('query')));
  ip(
    'dns answer',
    { protocol: 17, source: '8.8.8.8', destination: '10.0.0.1' },
    udp(53, 5353, text('answer')),
  );
  ip(
    'dhcp',
    { protocol: 17, source: '0.0.0.0', destination: '255.255.255.255' },
    udp(68, 67, new Array<number>(100).fill(0)),
  );
  ip('multicast', { protocol: 17, destination: '224.0.0.251', ttl: 1 }, udp(5353, 5353, text('mdns')));
  ip(
    'vxlan',
    { protocol: 17, destination: '10.0.0.2' },
    udp(50000, 4789, [8, 0, 0, 0, 0, 0, 42, 0, ...ethernet(IPV4, ipv4({ protocol: 6 }, tcp(1, 80, SYN)))]),
  );
  ip('first fragment', { protocol: 17, fragment: 0x2000 }, udp(1000, 53, new Array<number>(64).fill(9)));
  ip('later fragment', { protocol: 17, fragment: 0x00b9 }, new Array<number>(64).fill(53));
  ip('later tcp fragment that looks like port 80', { protocol: 6, fragment: 0x0001 }, tcp(80, 80, SYN));
  ip("don't fragment", { protocol: 6, fragment: 0x4000 }, tcp(40000, 80, ACK));
  ip('ping', { protocol: 1, destination: '10.0.0.254' }, icmp(8));
  ip('ping reply', { protocol: 1, source: '10.0.0.254', destination: '10.0.0.1' }, icmp(0));
  ip('unreachable', { protocol: 1 }, icmp(3, 3));
  ip(
    'igmp',
    { protocol: 2, destination: '224.0.0.1', options: [0x94, 4, 0, 0] },
    [0x11, 0, 0, 0, 0, 0, 0, 0],
  );
  ip('sctp', { protocol: 132 }, [...u16(5000), ...u16(80), 0, 0, 0, 0, 0, 0, 0, 0]);
  ip('gre', { protocol: 47 }, [0, 0, 8, 0, ...ipv4({ protocol: 1 }, icmp(8))]);
  ip('ipip', { protocol: 4 }, ipv4({ protocol: 6 }, tcp(1, 80, SYN)));
  ip('esp', { protocol: 50 }, [0, 0, 1, 0, 0, 0, 0, 1]);
  ip('ttl 1, tos', { protocol: 17, ttl: 1, tos: 0xb8 }, udp(33000, 33434));
  ip(
    'network 192.168.1.0',
    { protocol: 6, source: '192.168.1.77', destination: '192.168.2.1' },
    tcp(1024, 8080, ACK),
  );
  ip('high port', { protocol: 6 }, tcp(65535, 65534, ACK));
  ip(
    'all zero',
    { protocol: 0, source: '0.0.0.0', destination: '0.0.0.0', ttl: 0 },
    new Array<number>(30).fill(0),
  );
  ip6('tcp6', 6, tcp(40000, 80, SYN));
  ip6('udp6', 17, udp(546, 547, text('dhcp')));
  ip6('icmp6 neighbour solicitation', 58, [135, 0, 0, 0, 0, 0, 0, 0], 'fe80::1', 'ff02::1');
  ip6('fragment header, then udp', 44, [17, 0, 0, 1, 0, 0, 0, 7, ...udp(1000, 53)]);
  ip6('hop-by-hop options, then icmp6', 0, [58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 0]);
  add('arp request', ethernet(ARP, arp(1, '10.0.0.1', '1.1.1.1'), 'ff:ff:ff:ff:ff:ff'));
  add('arp reply', ethernet(ARP, arp(2, '1.1.1.1', '10.0.0.1')));
  add('rarp', ethernet(0x8035, arp(3, '0.0.0.0', '10.0.0.1')));
  add('vlan 100 tcp', ethernet(VLAN, vlan(100, IPV4, ipv4({ protocol: 6 }, tcp(40000, 80, SYN)))), 18);
  add('vlan 7 udp6', ethernet(VLAN, vlan(7, IPV6, ipv6('2001:db8::1', '2001:db8::2', 17, udp(1, 53)))), 18);
  add('two vlans', ethernet(0x88a8, vlan(5, VLAN, vlan(100, IPV4, ipv4({ protocol: 17 }, udp(9, 53))))), 22);
  add('mpls', ethernet(0x8847, [0, 1, 1, 64, ...ipv4({ protocol: 6 }, tcp(40000, 80, SYN))]), 18);
  add(
    'pppoe',
    ethernet(0x8864, [0x11, 0, 0, 1, 0, 50, 0, 0x21, ...ipv4({ protocol: 6 }, tcp(40000, 80, SYN))]),
    22,
  );
  add('lldp', ethernet(0x88cc, new Array<number>(40).fill(2), '01:80:c2:00:00:0e'));
  add('802.3 with llc', ethernet(38, [0x42, 0x42, 3, ...new Array<number>(35).fill(0)], '01:80:c2:00:00:00'));
  add(
    'a large segment, headers only',
    ethernet(IPV4, ipv4({ protocol: 6 }, tcp(40000, 80, ACK))),
    14,
    60_000,
  );

  const whole = packets[0]!;
  for (const bytes of [0, 1, 13, 14, 23, 26, 33, 34, 37, 38, 47])
    packets.push({
      ...whole,
      name: `${whole.name}, cut to ${bytes}`,
      frame: whole.frame.subarray(0, bytes),
      missing: whole.frame.length - bytes,
    });
  return packets;
}

/**
 * A packet as one side of the filter sees it: what was captured, the length on the wire, and an interface and
 * packet type, other ones for other packets.
 */
export function viewOf(
  packet: CraftedPacket,
  side: 'l2' | 'l3',
): { bytes: Uint8Array; length: number; facts: LinkFacts } {
  const start = side === 'l2' ? 0 : Math.min(packet.linkBytes, packet.frame.length);
  const bytes = packet.frame.subarray(start);
  const facts = { 'packet-type': packet.frame.length % 5, interface: 1 + (packet.name.length % 3) };
  return { bytes, length: bytes.length + packet.missing, facts };
}
