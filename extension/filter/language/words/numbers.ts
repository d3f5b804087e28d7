import type { Word, Words } from './word.ts';

/** Named offsets and values: libpcap reads a number in their place, wherever they stand. */
function offset(number: number, protocol: string, says: string): Word {
  return { kind: 'offset', number, protocol, says };
}

function values(protocol: string, table: Record<string, [number: number, says: string]>): Words {
  return Object.fromEntries(
    Object.entries(table).map(([text, [number, says]]) => [
      text,
      { kind: 'value', number, protocol, says } satisfies Word,
    ]),
  );
}

export const numberWords: Words = {
  tcpflags: offset(13, 'tcp', 'The byte of the TCP flags.'),
  icmptype: offset(0, 'icmp', 'The type of the ICMP message.'),
  icmpcode: offset(1, 'icmp', 'The code of the ICMP message: what its type says, in detail.'),
  icmp6type: offset(0, 'icmp6', 'The type of the ICMPv6 message.'),
  icmp6code: offset(1, 'icmp6', 'The code of the ICMPv6 message: what its type says, in detail.'),

  ...values('tcp', {
    'tcp-fin': [0x01, 'TCP flag FIN: the sender has no more data.'],
    'tcp-syn': [0x02, 'TCP flag SYN: a connection is opened.'],
    'tcp-rst': [0x04, 'TCP flag RST: the connection is refused or broken off.'],
    'tcp-push': [0x08, 'TCP flag PSH: hand the data to the application now.'],
    'tcp-ack': [0x10, 'TCP flag ACK: the acknowledgement number is valid.'],
    'tcp-urg': [0x20, 'TCP flag URG: the urgent pointer is valid.'],
    'tcp-ece': [0x40, 'TCP flag ECE: echo of a congestion mark.'],
    'tcp-cwr': [0x80, 'TCP flag CWR: the congestion window was reduced.'],
  }),

  ...values('icmp', {
    'icmp-echoreply': [0, 'ICMP echo reply: the answer to a ping.'],
    'icmp-unreach': [3, 'ICMP destination unreachable; the code says why.'],
    'icmp-sourcequench': [4, 'ICMP source quench (obsolete).'],
    'icmp-redirect': [5, 'ICMP redirect: a better router for this destination.'],
    'icmp-echo': [8, 'ICMP echo request: a ping.'],
    'icmp-routeradvert': [9, 'ICMP router advertisement.'],
    'icmp-routersolicit': [10, 'ICMP router solicitation.'],
    'icmp-timxceed': [11, 'ICMP time exceeded: the TTL ran out, or reassembly took too long.'],
    'icmp-paramprob': [12, 'ICMP parameter problem: a bad header.'],
    'icmp-tstamp': [13, 'ICMP timestamp request.'],
    'icmp-tstampreply': [14, 'ICMP timestamp reply.'],
    'icmp-ireq': [15, 'ICMP information request (obsolete).'],
    'icmp-ireqreply': [16, 'ICMP information reply (obsolete).'],
    'icmp-maskreq': [17, 'ICMP address mask request.'],
    'icmp-maskreply': [18, 'ICMP address mask reply.'],
  }),

  ...values('icmp6', {
    'icmp6-destinationunreach': [1, 'ICMPv6 destination unreachable; the code says why.'],
    'icmp6-packettoobig': [2, 'ICMPv6 packet too big: the MTU of the path is smaller.'],
    'icmp6-timeexceeded': [3, 'ICMPv6 time exceeded: the hop limit ran out.'],
    'icmp6-parameterproblem': [4, 'ICMPv6 parameter problem: a bad header.'],
    'icmp6-echo': [128, 'ICMPv6 echo request: a ping.'],
    'icmp6-echoreply': [129, 'ICMPv6 echo reply: the answer to a ping.'],
    'icmp6-multicastlistenerquery': [130, 'Multicast listener query.'],
    'icmp6-multicastlistenerreportv1': [131, 'Multicast listener report, version 1.'],
    'icmp6-multicastlistenerdone': [132, 'Multicast listener done.'],
    'icmp6-routersolicit': [133, 'Router solicitation.'],
    'icmp6-routeradvert': [134, 'Router advertisement.'],
    'icmp6-neighborsolicit': [135, 'Neighbour solicitation: which MAC address an address has.'],
    'icmp6-neighboradvert': [136, 'Neighbour advertisement: the answer to a solicitation.'],
    'icmp6-redirect': [137, 'Redirect: a better next hop for this destination.'],
    'icmp6-routerrenum': [138, 'Router renumbering.'],
    'icmp6-nodeinformationquery': [139, 'Node information query.'],
    'icmp6-nodeinformationresponse': [140, 'Node information response.'],
    'icmp6-ineighbordiscoverysolicit': [141, 'Inverse neighbour discovery solicitation.'],
    'icmp6-ineighbordiscoveryadvert': [142, 'Inverse neighbour discovery advertisement.'],
    'icmp6-multicastlistenerreportv2': [143, 'Multicast listener report, version 2.'],
    'icmp6-homeagentdiscoveryrequest': [144, 'Mobile IPv6: home agent discovery request.'],
    'icmp6-homeagentdiscoveryreply': [145, 'Mobile IPv6: home agent discovery reply.'],
    'icmp6-mobileprefixsolicit': [146, 'Mobile IPv6: prefix solicitation.'],
    'icmp6-mobileprefixadvert': [147, 'Mobile IPv6: prefix advertisement.'],
    'icmp6-certpathsolicit': [148, 'Secure neighbour discovery: certification path solicitation.'],
    'icmp6-certpathadvert': [149, 'Secure neighbour discovery: certification path advertisement.'],
    'icmp6-multicastrouteradvert': [151, 'Multicast router advertisement.'],
    'icmp6-multicastroutersolicit': [152, 'Multicast router solicitation.'],
    'icmp6-multicastrouterterm': [153, 'Multicast router termination.'],
  }),
};
