import { ethernet, icmp, ipv4, ipv6, tcp, u16, udp, vlan } from './packets.ts';

/** A packet, from its Ethernet header, and where what it carries begins in it; absent: it has no such header. */
export interface TunnelPacket {
  name: string;
  frame: Uint8Array;
  /** Where its own IP header begins. */
  ip: number;
  inner: { l2?: number; l3?: number };
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;
const TEB = 0x6558;
const SYN = 2;
const ETHERNET_BYTES = 14;

/** Everything that may carry a packet, and the like of it that does not. */
export function tunnelPackets(): TunnelPacket[] {
  const inside4 = ipv4(
    { protocol: 6, source: '192.168.7.1', destination: '192.168.7.2' },
    tcp(1000, 80, SYN),
  );
  const inside6 = ipv6('2001:db8:7::1', '2001:db8:7::2', 17, udp(1000, 53));
  const insideEthernet = ethernet(IPV4, inside4, '02:00:00:00:00:77', '02:00:00:00:00:78');
  const insideVlan = ethernet(VLAN, vlan(100, IPV4, inside4));
  const insideArp = ethernet(0x0806, new Array<number>(28).fill(1));
  const packets: TunnelPacket[] = [];

  /** `at`: where the inner packet begins in the payload of the outer IP header. */
  const add = (
    name: string,
    protocol: number,
    payload: number[],
    inner?: { at: number; kind: 'ethernet' | 'ip'; network?: number | null },
  ) => {
    const outers: [string, number[], number, number][] = [
      ['', ethernet(IPV4, ipv4({ protocol }, payload)), ETHERNET_BYTES, 20],
      [
        ' with options',
        ethernet(IPV4, ipv4({ protocol, options: [1, 1, 1, 0] }, payload)),
        ETHERNET_BYTES,
        24,
      ],
      [' behind a tag', ethernet(VLAN, vlan(5, IPV4, ipv4({ protocol }, payload))), ETHERNET_BYTES + 4, 20],
      [' over IPv6', ethernet(IPV6, ipv6('fe80::1', 'fe80::2', protocol, payload)), ETHERNET_BYTES, 40],
      [
        ' behind extension headers',
        ethernet(
          IPV6,
          ipv6('fe80::1', 'fe80::2', 0, [60, 0, 1, 4, 0, 0, 0, 0, protocol, 0, 1, 4, 0, 0, 0, 0, ...payload]),
        ),
        ETHERNET_BYTES,
        56,
      ],
    ];
    for (const [how, frame, ip, header] of outers) {
      const places: TunnelPacket['inner'] = {};
      if (inner?.kind === 'ip') places.l3 = ip + header + inner.at;
      if (inner?.kind === 'ethernet') {
        places.l2 = ip + header + inner.at;
        if (inner.network !== null) places.l3 = places.l2 + (inner.network ?? ETHERNET_BYTES);
      }
      packets.push({ name: `${name}${how}`, frame: Uint8Array.from(frame), ip, inner: places });
    }
  };
  const vxlan = (port: number, flags: number, payload: number[]) =>
    udp(40000, port, [flags, 0, 0, 0, 0, 0, 42, 0, ...payload]);
  const geneve = (first: number, type: number, options: number[], payload: number[]) =>
    udp(40000, 6081, [first, 0, ...u16(type), 0, 0, 42, 0, ...options, ...payload]);
  const gre = (flags: number, type: number, fields: number[], payload: number[]) => [
    ...[...u16(flags), ...u16(type)],
    ...[...fields, ...payload],
  ];
  const words = (count: number) => new Array<number>(count * 4).fill(7);

  add('vxlan', 17, vxlan(4789, 8, insideEthernet), { at: 16, kind: 'ethernet' });
  add('vxlan on the old port', 17, vxlan(8472, 8, insideEthernet), { at: 16, kind: 'ethernet' });
  add('vxlan, a tag inside', 17, vxlan(4789, 8, insideVlan), { at: 16, kind: 'ethernet', network: 18 });
  add('vxlan, arp inside', 17, vxlan(4789, 8, insideArp), { at: 16, kind: 'ethernet', network: null });
  add('vxlan without an id', 17, vxlan(4789, 0, insideEthernet));
  add('like vxlan on another port', 17, vxlan(4790, 8, insideEthernet));
  add('geneve', 17, geneve(0, TEB, [], insideEthernet), { at: 16, kind: 'ethernet' });
  add('geneve with options', 17, geneve(3, TEB, words(3), insideEthernet), { at: 28, kind: 'ethernet' });
  add('geneve with ip', 17, geneve(1, IPV4, words(1), inside4), { at: 20, kind: 'ip' });
  add('geneve of another version', 17, geneve(0x40, TEB, [], insideEthernet));
  add('gre with ip', 47, gre(0, IPV4, [], inside4), { at: 4, kind: 'ip' });
  add('gre with ipv6 and a key', 47, gre(0x2000, IPV6, words(1), inside6), { at: 8, kind: 'ip' });
  add('gre with all fields', 47, gre(0xb000, TEB, words(3), insideEthernet), { at: 16, kind: 'ethernet' });
  add('gre with routing', 47, gre(0x4000, IPV4, words(1), inside4));
  add('pptp', 47, gre(0x2001, 0x880b, words(1), inside4));
  add('ipip', 4, inside4, { at: 0, kind: 'ip' });
  add('ipv6 in ip', 41, inside6, { at: 0, kind: 'ip' });
  add('no tunnel: tcp', 6, tcp(1000, 80, SYN));
  add('no tunnel: icmp', 1, icmp(8));
  const later = ethernet(IPV4, ipv4({ protocol: 4, fragment: 0x0020 }, inside4));
  packets.push({ name: 'a later fragment', frame: Uint8Array.from(later), ip: ETHERNET_BYTES, inner: {} });
  return packets;
}
