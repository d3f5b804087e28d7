/** Packets that become several, and several that become one. */
import { dropped, type ExpectedTrajectory } from '../expect.ts';
import type { Scenario } from '../scenario.ts';
import { reply, request } from './ping.ts';
import { HOOK, PING_RCV, UDP_RCV } from './places.ts';

/** The second; the third is made from it. */
const FRAGMENT: ExpectedTrajectory = {
  path: ['ip_finish_output2', 'veth_xmit', 'ip_rcv', 'ip_defrag', 'skb_try_coalesce'],
  end: 'merged',
  children: 'any',
};

/** One of the list: behind the first through the router, on its own before and after. */
const GROUPED: ExpectedTrajectory = {
  path: ['veth_xmit', 'dev_gro_receive', 'veth_xmit', 'ip_rcv', 'udp_rcv', '__udp_enqueue_schedule_skb'],
  without: ['ip_forward'],
  end: 'delivered',
};

export const COPIES: readonly Scenario[] = [
  {
    name: 'fragments, and what is put together from them',
    setup: 'pair',
    traffic: 'a ping -c 1 -s 4000 $NET.0.2',
    // The first fragment's memory goes on as the whole datagram, the fragments are chained to it.
    stories: [
      {
        ...request([]),
        path: ['__ip_local_out', 'ip_do_fragment', 'veth_xmit', 'ip_rcv', 'ip_local_deliver', 'ip_defrag'],
        children: [
          FRAGMENT,
          {
            path: ['inet_frag_reasm_finish', 'ip_local_deliver_finish', 'icmp_rcv', 'icmp_echo'],
            end: 'consumed',
          },
        ],
      },
      {
        ...reply([]),
        path: ['__ip_local_out', 'ip_do_fragment', 'veth_xmit', 'ip_rcv', 'ip_local_deliver', 'ip_defrag'],
        end: 'consumed',
        children: [
          FRAGMENT,
          {
            path: ['inet_frag_reasm_finish', 'ip_local_deliver_finish', 'raw_local_deliver', 'icmp_rcv'],
            end: dropped('NO_SOCKET', PING_RCV),
            children: [{ path: ['raw_rcv'], end: 'delivered' }],
          },
        ],
      },
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'fragments of IPv6',
    setup: 'pair6',
    traffic: 'a ping -6 -c 1 -s 4000 $NET6:2',
    stories: [
      {
        tuple: 'fd00:$N::1>fd00:$N::2',
        comm: 'ping',
        path: ['ip6_fragment', 'ipv6_rcv'],
        end: 'consumed',
        children: 'any',
      },
      {
        tuple: 'fd00:$N::2>fd00:$N::1',
        path: ['ip6_fragment', 'ipv6_rcv'],
        end: 'consumed',
        children: 'any',
        outcome: 'delivered',
      },
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'a large TCP segment is cut up by software, and put together by GRO',
    lacking: { '5.10': 'veth has no GRO without XDP before 5.13' },
    setup: `pair
      a ethtool -K va tso off gso on
      b ethtool -K vb gro on
      b_sockets tcp-listen $NET.0.2 9101`,
    traffic: 'a_sockets tcp-send $NET.0.2 9101 20000',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        port: 9101,
        comm: 'perl',
        path: ['tcp_event_new_data_sent'],
        end: 'consumed',
        children: [
          {
            path: ['ip_output', '__dev_queue_xmit', 'skb_segment', 'consume_skb'],
            end: 'consumed',
            children: [
              { path: ['veth_xmit', 'tcp_gro_receive', 'tcp_v4_rcv'], end: 'delivered' },
              { path: ['veth_xmit', 'tcp_gro_receive', 'skb_gro_receive'], end: 'merged' },
            ],
            moreChildren: true,
          },
        ],
        outcome: 'delivered',
      },
    ],
    outcomes: { delivered: 'any', consumed: 'any', merged: 'any' },
  },
  {
    name: 'a retransmission after a drop arrives: one packet, two tries',
    setup: `pair
      b_sockets tcp-listen $NET.0.2 9102
      b nft 'table inet t { chain i { type filter hook input priority 0; tcp flags syn numgen inc mod 100 0 drop; }; }'`,
    traffic: 'a_sockets tcp-send $NET.0.2 9102 10',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        port: 9102,
        comm: 'perl',
        path: [],
        end: 'consumed',
        children: [
          {
            path: ['veth_xmit', 'ip_rcv', 'nf_hook_slow'],
            end: dropped('NETFILTER_DROP', HOOK),
          },
          { path: ['veth_xmit', 'ip_rcv', 'tcp_v4_rcv', 'tcp_conn_request'], end: 'delivered' },
        ],
        outcome: 'delivered',
      },
    ],
    outcomes: { delivered: 'any', consumed: 'any', merged: 'any' },
  },
  {
    name: 'tcpdump beside it: its copies are no arrivals',
    setup: `pair
      a setsid tcpdump -i va -w /dev/null > /dev/null 2> $TOOLS/$NS.tcpdump < /dev/null &
      until grep -q listening $TOOLS/$NS.tcpdump; do sleep 0.1; done`,
    traffic: 'a ping -c 1 $NET.0.2',
    stories: [
      request(['veth_xmit', 'ip_rcv'], { children: [{ path: ['tpacket_rcv'], end: 'consumed' }] }),
      reply(['veth_xmit', 'tpacket_rcv', 'ip_rcv']),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'a tap that reads packet by packet, of a datagram that nobody takes',
    setup: 'pair; a_sockets tap va',
    traffic: 'a_udp $NET.0.2 9',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        protocol: 'udp',
        comm: 'bash',
        path: ['dev_queue_xmit_nit', 'veth_xmit', 'udp_rcv'],
        end: dropped('NO_SOCKET', UDP_RCV),
        children: [{ path: ['packet_rcv'], end: 'consumed' }],
      },
      {
        tuple: '10.$N.0.2>10.$N.0.1',
        protocol: 'icmp',
        path: ['packet_rcv', 'icmp_rcv'],
        end: 'consumed',
        children: [{ path: [], end: 'consumed' }],
      },
    ],
    outcomes: { dropped: 1, consumed: 1 },
  },
  {
    name: 'multicast to two sockets',
    setup: `pair
      ip -n \${NS}a route add 239.1.1.0/24 dev va
      b_sockets multicast-listen 239.1.1.1 9013 $NET.0.2`,
    traffic: 'a_udp 239.1.1.1 9013',
    stories: [
      {
        tuple: '10.$N.0.1>239.1.1.1',
        comm: 'bash',
        path: ['veth_xmit', 'ip_rcv', 'ip_local_deliver', 'udp_rcv', 'udp_queue_rcv_skb'],
        end: 'delivered',
        children: [{ path: ['udp_queue_rcv_skb'], end: 'delivered' }],
      },
    ],
    outcomes: { delivered: 1 },
  },
  {
    name: 'tc mirrors to a device that throws away: the copy ends there, the packet lives',
    setup: `pair
      printf '%s\\n' 'link add dummy type dummy' 'link set dummy up' | ip_b
      tc -n \${NS}b qdisc add dev vb clsact
      tc -n \${NS}b filter add dev vb ingress protocol ip matchall action mirred egress mirror dev dummy`,
    traffic: 'a ping -c 1 $NET.0.2',
    stories: [
      request(['veth_xmit', 'ip_rcv'], {
        children: [{ path: ['dummy_xmit'], end: 'transmitted' }],
        outcome: 'transmitted',
      }),
      reply(['veth_xmit', 'ip_rcv']),
    ],
    outcomes: { transmitted: 1, delivered: 1 },
  },
  {
    name: 'netem duplicates',
    setup:
      'pair; tc -n ${NS}a qdisc add dev va root netem duplicate 100%; b_sockets udp-listen $NET.0.2 9017',
    traffic: 'a_udp $NET.0.2 9017',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        comm: 'bash',
        path: ['netem_enqueue', 'veth_xmit', 'ip_rcv', 'udp_rcv'],
        end: 'delivered',
        children: [{ path: ['netem_enqueue', 'veth_xmit', 'ip_rcv', 'udp_rcv'], end: 'delivered' }],
      },
    ],
    outcomes: { delivered: 1 },
  },
  {
    name: 'netem delays: a tree holds packets where their device was',
    setup: 'pair; tc -n ${NS}a qdisc add dev va root netem delay 20ms',
    traffic: 'a ping -c 3 -i 0.002 $NET.0.2',
    stories: [
      {
        ...request(['netem_enqueue', 'veth_xmit', 'ip_rcv'], {
          devices: ['va', 'vb'],
        }),
        times: 3,
      },
      { ...reply(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vb'] }), times: 3 },
    ],
    outcomes: { consumed: 3, delivered: 3 },
  },
  {
    name: 'datagrams of one GSO packet, as a list through a router',
    lacking: { '5.10': 'veth has no GRO without XDP before 5.13' },
    setup: `router
      a ethtool -K va tx-udp-segmentation off
      r ethtool -K ra gro on rx-gro-list on
      r ethtool -K rb tx-gso-list off
      b_sockets udp-listen $NET.2.2 9014`,
    traffic: 'a_sockets udp-gso $NET.2.2 9014 1000 3',
    stories: [
      {
        tuple: '10.$N.1.2>10.$N.2.2',
        comm: 'perl',
        path: ['__ip_local_out', 'skb_segment'],
        end: 'consumed',
        children: [
          {
            path: [
              'veth_xmit',
              'dev_gro_receive',
              'ip_forward',
              'skb_segment_list',
              'veth_xmit',
              'ip_rcv',
              'udp_rcv',
            ],
            end: 'delivered',
          },
          GROUPED,
          GROUPED,
        ],
        outcome: 'delivered',
      },
    ],
    outcomes: { delivered: 1 },
  },
];
