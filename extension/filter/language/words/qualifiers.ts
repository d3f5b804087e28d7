import type { Word, Words } from './word.ts';

const wlanOnly = 'In a filter for Ethernet or IP packets libpcap refuses it.';

function wlanAddress(says: string): Word {
  return { kind: 'direction', says: `${says} of an 802.11 frame. ${wlanOnly}`, foreign: true };
}

/** Qualifiers of an address, port or protocol, and what joins tests. */
export const qualifierWords: Words = {
  src: { kind: 'direction', says: 'The sender’s side only: its address or its port.' },
  dst: { kind: 'direction', says: 'The receiver’s side only: its address or its port.' },
  addr1: wlanAddress('The first address'),
  addr2: wlanAddress('The second address'),
  addr3: wlanAddress('The third address'),
  addr4: wlanAddress('The fourth address'),
  address1: { ...wlanAddress('The first address'), aliasOf: 'addr1' },
  address2: { ...wlanAddress('The second address'), aliasOf: 'addr2' },
  address3: { ...wlanAddress('The third address'), aliasOf: 'addr3' },
  address4: { ...wlanAddress('The fourth address'), aliasOf: 'addr4' },
  ra: wlanAddress('The receiver’s address'),
  ta: wlanAddress('The transmitter’s address'),

  host: {
    kind: 'type',
    says: 'An address of the packet: IPv4, IPv6 or, after “ether”, a MAC address. Either end, unless “src” or “dst” stands before it. Names are not resolved here.',
  },
  net: {
    kind: 'type',
    says: 'An address in this network: 10.0.0.0/8, 2001:db8::/32, 192.168.1 (24 bits) or “10.0.0.0 mask 255.0.0.0”. Bits beyond the mask must be 0.',
  },
  mask: { kind: 'type', says: 'The netmask of the IPv4 network before it, as four numbers.' },
  port: {
    kind: 'type',
    says: 'A TCP, UDP or SCTP port by number or name. Of a fragmented IPv4 packet only the first fragment has ports; later ones never match.',
  },
  portrange: { kind: 'type', says: 'Ports from one to the other, both included: 6000-6008.' },
  proto: {
    kind: 'type',
    says: 'The protocol number: after “ip”, “ip6” or nothing of the first header behind the IP header, after “ether” the EtherType. Names that are words of this language need a backslash: \\tcp.',
  },
  protochain: {
    kind: 'type',
    says: 'As “proto”, but follows the chain of IPv6 extension headers (of IPv4: authentication headers) to any header.',
  },
  gateway: {
    kind: 'type',
    says: 'Sent through this host as a router: its MAC address, but not its IP address. It needs a name that resolves, and names are not resolved here.',
    foreign: true,
  },

  and: {
    kind: 'logical',
    says: 'Both sides. “and” and “or” bind equally strongly, from left to right: put parentheses where you mix them.',
  },
  or: {
    kind: 'logical',
    says: 'Either side. “and” and “or” bind equally strongly, from left to right: put parentheses where you mix them.',
  },
  not: {
    kind: 'logical',
    says: 'The opposite of the one test that follows; for more than one put them in parentheses.',
  },

  len: { kind: 'length', says: 'The packet’s length in bytes, from the first header that the filter sees.' },
  length: { kind: 'length', says: 'The packet’s length in bytes.', aliasOf: 'len' },
};
