/** Fields of packet headers, for accesses by offset: `tcp[13]`, `ip[6:2]`. */

/** Bits of a field that mean something by themselves. */
export interface FieldPart {
  mask: number;
  name: string;
}

export interface Field {
  /** Bytes from the start of the protocol's header. */
  offset: number;
  /** In bytes. */
  size: number;
  name: string;
  parts?: readonly FieldPart[];
  values?: Readonly<Record<number, string>>;
}

function field(offset: number, size: number, name: string, more: Partial<Field> = {}): Field {
  return { offset, size, name, ...more };
}

function parts(...list: [mask: number, name: string][]): { parts: FieldPart[] } {
  return { parts: list.map(([mask, name]) => ({ mask, name })) };
}

const ports = [field(0, 2, 'source port'), field(2, 2, 'destination port')];

const arp: Field[] = [
  field(0, 2, 'hardware type', { values: { 1: 'Ethernet' } }),
  field(2, 2, 'protocol type'),
  field(4, 1, 'hardware address length'),
  field(5, 1, 'protocol address length'),
  field(6, 2, 'operation', { values: { 1: 'request', 2: 'reply', 3: 'RARP request', 4: 'RARP reply' } }),
  field(8, 6, 'sender MAC address'),
  field(14, 4, 'sender IPv4 address'),
  field(18, 6, 'target MAC address'),
  field(24, 4, 'target IPv4 address'),
];

const headers: Readonly<Record<string, { title: string; fields: readonly Field[] }>> = {
  ether: {
    title: 'Ethernet',
    fields: [
      field(0, 6, 'destination MAC address'),
      field(6, 6, 'source MAC address'),
      field(12, 2, 'EtherType', {
        values: { 0x0800: 'IPv4', 0x0806: 'ARP', 0x8100: '802.1Q VLAN', 0x86dd: 'IPv6', 0x88a8: '802.1ad' },
      }),
    ],
  },
  ip: {
    title: 'IPv4',
    fields: [
      field(
        0,
        1,
        'version and header length',
        parts([0xf0, 'version'], [0x0f, 'header length in 32-bit words']),
      ),
      field(1, 1, 'type of service', parts([0xfc, 'DSCP'], [0x03, 'ECN'])),
      field(2, 2, 'total length'),
      field(4, 2, 'identification'),
      field(
        6,
        2,
        'flags and fragment offset',
        parts([0x4000, 'don’t fragment'], [0x2000, 'more fragments'], [0x1fff, 'fragment offset']),
      ),
      field(8, 1, 'time to live'),
      field(9, 1, 'protocol', {
        values: { 1: 'ICMP', 2: 'IGMP', 6: 'TCP', 17: 'UDP', 47: 'GRE', 132: 'SCTP' },
      }),
      field(10, 2, 'header checksum'),
      field(12, 4, 'source address'),
      field(16, 4, 'destination address'),
    ],
  },
  ip6: {
    title: 'IPv6',
    fields: [
      field(
        0,
        4,
        'version, traffic class and flow label',
        parts([0xf0000000, 'version'], [0x0ff00000, 'traffic class'], [0x000fffff, 'flow label']),
      ),
      field(4, 2, 'payload length'),
      field(6, 1, 'next header', {
        values: { 0: 'hop-by-hop options', 6: 'TCP', 17: 'UDP', 43: 'routing', 44: 'fragment', 58: 'ICMPv6' },
      }),
      field(7, 1, 'hop limit'),
      field(8, 16, 'source address'),
      field(24, 16, 'destination address'),
    ],
  },
  tcp: {
    title: 'TCP',
    fields: [
      ...ports,
      field(4, 4, 'sequence number'),
      field(8, 4, 'acknowledgement number'),
      field(12, 1, 'header length', parts([0xf0, 'header length in 32-bit words, times 16'])),
      field(
        13,
        1,
        'flags',
        parts(
          [0x01, 'FIN'],
          [0x02, 'SYN'],
          [0x04, 'RST'],
          [0x08, 'PSH'],
          [0x10, 'ACK'],
          [0x20, 'URG'],
          [0x40, 'ECE'],
          [0x80, 'CWR'],
        ),
      ),
      field(14, 2, 'window'),
      field(16, 2, 'checksum'),
      field(18, 2, 'urgent pointer'),
    ],
  },
  udp: { title: 'UDP', fields: [...ports, field(4, 2, 'length'), field(6, 2, 'checksum')] },
  sctp: { title: 'SCTP', fields: [...ports, field(4, 4, 'verification tag'), field(8, 4, 'checksum')] },
  icmp: {
    title: 'ICMP',
    fields: [
      field(0, 1, 'type', {
        values: { 0: 'echo reply', 3: 'unreachable', 5: 'redirect', 8: 'echo request', 11: 'time exceeded' },
      }),
      field(1, 1, 'code'),
      field(2, 2, 'checksum'),
      field(4, 2, 'identifier (of echo messages)'),
      field(6, 2, 'sequence number (of echo messages)'),
    ],
  },
  icmp6: {
    title: 'ICMPv6',
    fields: [
      field(0, 1, 'type', {
        values: {
          1: 'unreachable',
          2: 'packet too big',
          3: 'time exceeded',
          128: 'echo request',
          129: 'echo reply',
          133: 'router solicitation',
          134: 'router advertisement',
          135: 'neighbour solicitation',
          136: 'neighbour advertisement',
        },
      }),
      field(1, 1, 'code'),
      field(2, 2, 'checksum'),
    ],
  },
  igmp: {
    title: 'IGMP',
    fields: [
      field(0, 1, 'type', {
        values: {
          0x11: 'query',
          0x12: 'report (v1)',
          0x16: 'report (v2)',
          0x17: 'leave',
          0x22: 'report (v3)',
        },
      }),
      field(1, 1, 'maximum response time'),
      field(2, 2, 'checksum'),
      field(4, 4, 'group address'),
    ],
  },
  arp: { title: 'ARP', fields: arp },
  rarp: { title: 'RARP', fields: arp },
};

/** The header's name for people, and its fields in order; undefined where none are known. */
export function headerOf(protocol: string): { title: string; fields: readonly Field[] } | undefined {
  return Object.hasOwn(headers, protocol) ? headers[protocol] : undefined;
}
