/** Routers and bridges. */
import { dropped } from '../expect.ts';
import type { Scenario } from '../scenario.ts';
import { errorFor, reply, request } from './ping.ts';
import { HOOK } from './places.ts';

const FORWARDED = [
  'veth_xmit',
  'ip_rcv',
  'ip_forward',
  'ip_output',
  'veth_xmit',
  'ip_rcv',
  'ip_local_deliver',
];
const THROUGH = { tuple: '10.$N.1.2>10.$N.2.2' };
const BACK = { tuple: '10.$N.2.2>10.$N.1.2' };

/** One function for all protocols since 6.8. */
const NF_FORWARD = ['br_nf_forward', 'br_nf_forward_ip'];

export const FORWARDING: readonly Scenario[] = [
  {
    name: 'a ping through three network namespaces',
    setup: 'router',
    traffic: 'a ping -c 1 $NET.2.2',
    stories: [
      request(FORWARDED, { ...THROUGH, namespaces: 3, devices: ['va', 'ra', 'rb', 'vb'] }),
      reply(FORWARDED, { ...BACK, namespaces: 3 }),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'forwarding is off',
    setup: `pair
      ip -n \${NS}a route add default via $NET.0.2`,
    traffic: 'a ping -c 1 -W 1 $NET.51.7',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.51.7',
        path: ['veth_xmit', 'ip_rcv', 'ip_error'],
        namespaces: 2,
        end: dropped('IP_INADDRERRORS', 'ip_error'),
      },
    ],
    outcomes: { dropped: 1 },
  },
  {
    name: 'four kinds of route that end in one function',
    setup: `router
      ip_r << E
        route add blackhole $NET.51.1
        route add unreachable $NET.51.2
        route add prohibit $NET.51.3
E
      r sysctl -qw net.ipv4.icmp_ratemask=0`,
    traffic: 'for i in 1 2 3 4; do a ping -c 1 -W 1 $NET.51.$i; done',
    stories: [
      ...[1, 2, 3, 4].map((host) => ({
        tuple: `10.$N.1.2>10.$N.51.${host}`,
        path: ['ip_rcv', 'ip_error'],
        end: dropped(host === 4 ? 'IP_INNOROUTES' : 'NOT_SPECIFIED', 'ip_error'),
      })),
      { ...errorFor('10.$N.1.1>10.$N.1.2', ['veth_xmit', 'ip_rcv']), times: 3 },
    ],
    outcomes: { dropped: 4, delivered: 3 },
  },
  {
    name: 'a packet that is too large for where it goes',
    setup: 'router; ip -n ${NS}r link set rb mtu 1300',
    traffic: 'a ping -c 1 -W 1 -M do -s 1372 $NET.2.2',
    stories: [
      {
        ...THROUGH,
        path: ['ip_rcv', 'ip_forward'],
        end: dropped('PKT_TOO_BIG', 'ip_forward'),
      },
      errorFor('10.$N.1.1>10.$N.1.2', ['veth_xmit', 'ip_rcv']),
    ],
    outcomes: { dropped: 1, delivered: 1 },
  },
  {
    name: 'a packet at the end of its hops',
    setup: 'router',
    traffic: 'a ping -c 1 -W 1 -t 1 $NET.2.2',
    stories: [
      { ...THROUGH, path: ['ip_rcv', 'ip_forward'], end: dropped('IP_INHDR', 'ip_forward') },
      errorFor('10.$N.1.1>10.$N.1.2', ['veth_xmit', 'ip_rcv']),
    ],
    outcomes: { dropped: 1, delivered: 1 },
  },
  {
    name: 'a bridge',
    setup: 'bridge',
    traffic: 'a ping -c 1 $NET.0.2',
    stories: [
      request(
        [
          'veth_xmit',
          'br_handle_frame_finish',
          'br_forward',
          'br_dev_queue_push_xmit',
          'veth_xmit',
          'ip_rcv',
        ],
        {
          namespaces: 3,
        },
      ),
      reply(['br_handle_frame_finish', 'br_forward', 'ip_rcv'], { namespaces: 3 }),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'a bridge with netfilter, which drops a datagram',
    setup: `modprobe br_netfilter
      bridge
      r sysctl -qw net.bridge.bridge-nf-call-iptables=1
      r iptables -A FORWARD -p udp -j DROP`,
    traffic: 'a ping -c 1 $NET.0.2; a_udp $NET.0.2 9',
    stories: [
      request(['br_nf_pre_routing', NF_FORWARD, 'br_nf_post_routing', 'veth_xmit', 'ip_rcv']),
      reply(['br_nf_pre_routing', 'br_nf_post_routing', 'ip_rcv']),
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        protocol: 'udp',
        path: ['br_nf_pre_routing', NF_FORWARD],
        end: dropped('NETFILTER_DROP', HOOK),
      },
    ],
    outcomes: { consumed: 1, delivered: 1, dropped: 1 },
  },
];
