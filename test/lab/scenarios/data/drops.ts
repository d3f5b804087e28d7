/** Packets that the kernel throws away, and some that only look so. */
import { dropped } from '../expect.ts';
import type { Scenario } from '../scenario.ts';
import { errorFor, request } from './ping.ts';
import { FREE, HOOK, UDP_RCV } from './places.ts';

const TO_B = ['veth_xmit', 'ip_rcv', 'ip_local_deliver'];
const DATAGRAM = { tuple: '10.$N.0.1>10.$N.0.2', protocol: 'udp', comm: 'bash' } as const;

export const DROPS: readonly Scenario[] = [
  {
    name: 'netfilter drops a SYN on its way out, and its retransmission',
    setup: 'pair; a iptables -t filter -I OUTPUT 1 -m tcp --proto tcp --dst $NET.0.2/32 -j DROP',
    traffic: 'a curl -s -m 2 $NET.0.2',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        port: 80,
        comm: 'curl',
        path: [],
        end: 'consumed',
        children: [
          { path: ['__ip_local_out', 'nf_hook_slow', FREE], end: dropped('NETFILTER_DROP', HOOK) },
          { path: ['__ip_local_out', 'nf_hook_slow', FREE], end: dropped('NETFILTER_DROP', HOOK) },
        ],
        outcome: 'dropped',
      },
    ],
    outcomes: { dropped: 1 },
  },
  {
    name: 'nftables drops a datagram on its way in',
    setup: `pair
      b nft 'table inet t { chain i { type filter hook input priority 0; udp dport 9009 drop; }; }'`,
    traffic: 'a_udp $NET.0.2 9009',
    stories: [{ ...DATAGRAM, path: TO_B, namespaces: 2, end: dropped('NETFILTER_DROP', HOOK) }],
    outcomes: { dropped: 1 },
  },
  {
    name: 'reject is a drop and an answer',
    setup: `pair
      b nft 'table inet t { chain i { type filter hook input priority 0; udp dport 9009 reject; }; }'`,
    traffic: 'a_udp $NET.0.2 9009',
    stories: [
      { ...DATAGRAM, path: TO_B, end: dropped('NETFILTER_DROP', HOOK) },
      {
        tuple: '10.$N.0.2>10.$N.0.1',
        protocol: 'icmp',
        path: ['veth_xmit', 'ip_rcv', 'icmp_rcv', 'icmp_unreach'],
        end: 'consumed',
      },
    ],
    outcomes: { dropped: 1, consumed: 1 },
  },
  {
    name: 'NFQUEUE with nobody listening',
    setup: `pair
      a iptables -I OUTPUT -p udp --dport 9009 -j NFQUEUE --queue-num 5
      a iptables -I OUTPUT -p udp --dport 9010 -j NFQUEUE --queue-num 5 --queue-bypass
      b_sockets udp-listen $NET.0.2 9010`,
    traffic: 'a_udp $NET.0.2 9009; a_udp $NET.0.2 9010',
    stories: [
      {
        ...DATAGRAM,
        port: 9009,
        path: ['__ip_local_out', 'nf_queue'],
        end: dropped('NOT_SPECIFIED', 'nf_queue'),
      },
      { ...DATAGRAM, port: 9010, path: ['nf_queue', ...TO_B], end: 'delivered' },
    ],
    outcomes: { dropped: 1, delivered: 1 },
  },
  {
    name: 'rp_filter',
    setup: `pair
      b sysctl -qw net.ipv4.conf.vb.rp_filter=1
      ip -n \${NS}a addr add $NET.9.9/32 dev lo`,
    traffic: 'a ping -c 1 -W 1 -I $NET.9.9 $NET.0.2',
    stories: [
      {
        tuple: '10.$N.9.9>10.$N.0.2',
        path: ['ip_rcv'],
        end: dropped('IP_RPFILTER', ['ip_rcv_finish_core', 'ip_rcv_finish']),
      },
    ],
    outcomes: { dropped: 1 },
  },
  {
    name: 'nobody listens on a UDP port',
    setup: 'pair',
    traffic: 'a_udp $NET.0.2 9',
    stories: [
      { ...DATAGRAM, path: [...TO_B, 'udp_rcv'], end: dropped('NO_SOCKET', UDP_RCV) },
      {
        tuple: '10.$N.0.2>10.$N.0.1',
        protocol: 'icmp',
        path: ['ip_rcv', 'icmp_rcv', 'icmp_unreach'],
        end: 'consumed',
      },
    ],
    outcomes: { dropped: 1, consumed: 1 },
  },
  {
    name: 'a full socket buffer',
    setup: 'pair; b_sockets udp-full $NET.0.2 9011',
    traffic: 'a_sockets udp-send $NET.0.2 9011 8',
    stories: [
      { ...DATAGRAM, comm: 'perl', path: [...TO_B, 'udp_rcv'], end: 'delivered' },
      {
        ...DATAGRAM,
        comm: 'perl',
        path: [...TO_B, 'udp_rcv'],
        end: dropped('SOCKET_RCVBUFF', ['__udp_queue_rcv_skb', 'udp_queue_rcv_one_skb']),
      },
    ],
    outcomes: { delivered: 'any', dropped: 'any' },
  },
  {
    name: 'a full accept queue: the SYN reaches the socket, and nothing tells of a drop',
    setup: 'pair; b_sockets tcp-full $NET.0.2 9100',
    traffic: 'a_sockets tcp-syn $NET.0.2 9100; a_sockets tcp-syn $NET.0.2 9100',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        port: 9100,
        comm: 'perl',
        path: [],
        end: 'consumed',
        children: [{ path: ['tcp_v4_rcv', 'tcp_rcv_state_process', 'tcp_conn_request'], end: 'delivered' }],
        moreChildren: true, // it is sent once more after a second
        outcome: 'delivered',
        times: 2,
      },
      // One answer: to the first.
      {
        tuple: '10.$N.0.2>10.$N.0.1',
        port: 9100,
        path: ['tcp_rcv_state_process', 'tcp_finish_connect'],
        end: 'delivered',
      },
    ],
    outcomes: { delivered: 'any' },
  },
  {
    name: 'echo requests that are ignored',
    setup: 'pair; b sysctl -qw net.ipv4.icmp_echo_ignore_all=1',
    traffic: 'a ping -c 1 -W 1 $NET.0.2',
    stories: [request(TO_B)],
    outcomes: { consumed: 1 },
  },
  {
    name: 'tc drops, on the way in and on the way out',
    setup: `pair
      ip -n \${NS}a addr add $NET.1.1/32 dev lo
      tc -n \${NS}a qdisc add dev va clsact
      tc -n \${NS}a filter add dev va egress protocol ip u32 match ip src $NET.0.1 action drop
      tc -n \${NS}b qdisc add dev vb clsact
      tc -n \${NS}b filter add dev vb ingress protocol ip matchall action drop`,
    traffic: 'a ping -c 1 -W 1 $NET.0.2; a ping -c 1 -W 1 -I $NET.1.1 $NET.0.2',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        path: ['__ip_local_out', '__dev_queue_xmit'],
        without: ['veth_xmit'],
        end: dropped('TC_EGRESS', ['__dev_queue_xmit', 'sch_handle_egress']),
      },
      {
        tuple: '10.$N.1.1>10.$N.0.2',
        path: ['veth_xmit', '__netif_receive_skb_one_core'],
        without: ['ip_rcv'],
        end: dropped('TC_INGRESS', ['__netif_receive_skb_core', 'sch_handle_ingress']),
      },
    ],
    outcomes: { dropped: 'any' }, // ping is told, and tries again
  },
  {
    name: 'a VLAN that the other side does not know',
    setup: `pair
      ip_a << E
        link add link va name va.5 type vlan id 5
        addr add $NET.5.1/24 dev va.5
        link set va.5 up
        neigh replace $NET.5.2 lladdr $VB dev va.5 nud permanent
E`,
    traffic: 'a ping -c 1 -W 1 $NET.5.2',
    stories: [
      {
        tuple: '10.$N.5.1>10.$N.5.2',
        path: ['vlan_dev_hard_start_xmit', 'veth_xmit', 'ip_rcv'],
        end: dropped('OTHERHOST', ['ip_rcv_core', 'ip_rcv']),
      },
    ],
    outcomes: { dropped: 1 },
  },
  {
    name: 'IPv6 is off on the receiving side',
    setup: `pair6
      b sysctl -qw net.ipv6.conf.vb.disable_ipv6=1`,
    traffic: 'a ping -6 -c 1 -W 1 $NET6:2',
    stories: [
      {
        tuple: 'fd00:$N::1>fd00:$N::2',
        path: ['ip6_output', 'veth_xmit', 'ipv6_rcv'],
        namespaces: 2,
        end: dropped('IPV6DISABLED', ['ip6_rcv_core', 'ipv6_rcv']),
      },
    ],
    outcomes: { dropped: 1 },
  },
  {
    name: 'a neighbour that does not answer',
    setup: `pair
      a sh -c 'cd /proc/sys/net/ipv4/neigh/va; echo 1 > mcast_solicit; echo 100 > retrans_time_ms'`,
    traffic: 'a ping -c 1 -W 2 $NET.0.77',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.77',
        comm: 'ping',
        path: ['__ip_local_out', '__neigh_event_send', 'arp_error_report'],
        // The function ends with a jump to the one that frees, as compilers make of a last call.
        end: dropped('NEIGH_FAILED', ['arp_error_report', 'neigh_invalidate']),
        children: [{ path: ['arp_solicit'], end: 'consumed' }],
      },
      errorFor('10.$N.0.1>10.$N.0.1', ['loopback_xmit', 'ip_rcv']),
    ],
    outcomes: { dropped: 1, delivered: 1 },
  },
];
