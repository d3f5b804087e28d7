import type { Word, Words } from './word.ts';

function protocol(says: string): Word {
  return { kind: 'protocol', says };
}

function foreign(says: string): Word {
  return { kind: 'protocol', says, foreign: true };
}

function sameAs(aliasOf: string, says: string): Word {
  return { kind: 'protocol', says, aliasOf, foreign: true };
}

const headerNotChased = 'Extension headers of IPv6 are not looked behind.';
const noLinkHeader =
  'Packets that have no Ethernet header yet, or never get one, cannot be told apart by it.';

export const protocolWords: Words = {
  ether: protocol(
    'The Ethernet header: 14 bytes, destination and source MAC address and EtherType. ' + noLinkHeader,
  ),
  link: sameAs('ether', 'The link header, here Ethernet’s.'),
  ppp: sameAs('ether', 'The link header, here Ethernet’s.'),
  slip: sameAs('ether', 'The link header, here Ethernet’s.'),
  fddi: sameAs('ether', 'The link header, here Ethernet’s.'),
  tr: sameAs('ether', 'The link header (Token Ring’s), here Ethernet’s.'),
  wlan: sameAs('ether', 'The link header (802.11’s), here Ethernet’s.'),

  ip: protocol('IPv4: EtherType 0x0800; without an Ethernet header, the version in the first byte.'),
  ip6: protocol('IPv6: EtherType 0x86dd; without an Ethernet header, the version in the first byte.'),
  arp: protocol('ARP: EtherType 0x0806, which MAC address an IPv4 address has. ' + noLinkHeader),
  rarp: protocol('Reverse ARP: EtherType 0x8035. ' + noLinkHeader),

  tcp: protocol(
    `TCP: IP protocol 6, over IPv4 and IPv6. ${headerNotChased} “tcp[…]” reads IPv4 packets only.`,
  ),
  udp: protocol(
    `UDP: IP protocol 17, over IPv4 and IPv6. ${headerNotChased} “udp[…]” reads IPv4 packets only.`,
  ),
  sctp: protocol(`SCTP: IP protocol 132, over IPv4 and IPv6. ${headerNotChased}`),
  icmp: protocol('ICMP: IP protocol 1, IPv4 only; for IPv6 it is “icmp6”.'),
  icmp6: protocol(`ICMPv6: IP protocol 58, IPv6 only. ${headerNotChased}`),
  igmp: protocol('IGMP: IP protocol 2, multicast group membership of IPv4.'),
  igrp: protocol('IGRP: IP protocol 9, Cisco’s old routing protocol.'),
  pim: protocol('PIM: IP protocol 103, multicast routing.'),
  vrrp: protocol('VRRP: IP protocol 112, which of several routers is the active one.'),
  carp: protocol('CARP: IP protocol 112 too, OpenBSD’s counterpart of VRRP.'),
  ah: protocol('IPsec Authentication Header: IP protocol 51.'),
  esp: protocol('IPsec Encapsulating Security Payload: IP protocol 50.'),

  stp: protocol('Spanning Tree: 802.2 frames with DSAP 0x42. ' + noLinkHeader),
  iso: foreign('OSI network protocols: 802.2 frames with DSAP and SSAP 0xfe.'),
  clnp: foreign('CLNP, the OSI connectionless network protocol.'),
  esis: foreign('ES-IS, between end systems and routers of OSI networks.'),
  'es-is': sameAs('esis', 'ES-IS, between end systems and routers of OSI networks.'),
  isis: foreign('IS-IS, a routing protocol directly over the link.'),
  'is-is': sameAs('isis', 'IS-IS, a routing protocol directly over the link.'),
  l1: foreign('IS-IS packets of level 1.'),
  l2: foreign('IS-IS packets of level 2.'),
  iih: foreign('IS-IS hello packets.'),
  lsp: foreign('IS-IS link state packets.'),
  snp: foreign('IS-IS sequence number packets, complete and partial.'),
  csnp: foreign('IS-IS complete sequence number packets.'),
  psnp: foreign('IS-IS partial sequence number packets.'),

  ipx: foreign('IPX, NetWare’s network protocol.'),
  netbeui: foreign('NetBEUI: 802.2 frames with DSAP 0xf0.'),
  atalk: foreign('AppleTalk: EtherType 0x809b.'),
  aarp: foreign('AppleTalk ARP: EtherType 0x80f3.'),
  decnet: foreign('DECnet: EtherType 0x6003; addresses are written AREA.NODE.'),
  lat: foreign('DEC LAT: EtherType 0x6004.'),
  sca: foreign('DEC SCA: EtherType 0x6007.'),
  moprc: foreign('DEC MOP remote console: EtherType 0x6002.'),
  mopdl: foreign('DEC MOP dump/load: EtherType 0x6001.'),
  radio: foreign('The radio header that some 802.11 captures begin with.'),
};
