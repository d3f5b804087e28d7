/** What sockets of many kinds do with packets. */
import { dropped } from '../expect.ts';
import type { Scenario } from '../scenario.ts';
import { reply, request } from './ping.ts';
import { PING_RCV, SHELL, UDP_RCV } from './places.ts';

const DATAGRAM = { tuple: '10.$N.0.1>10.$N.0.2', protocol: 'udp', comm: 'perl' } as const;
const ICMP = { tuple: '10.$N.0.2>10.$N.0.1', protocol: 'icmp' } as const;

/** What arrives in a module is not seen to, where those have no types. */
const ARRIVED_IN_MODULE = { on: { '5.10': 'consumed' }, else: 'delivered' } as const;

export const SOCKETS: readonly Scenario[] = [
  {
    name: 'a ping that is answered over the loopback device',
    setup: `ip netns add \${NS}a
      printf '%s\\n' 'link set lo up' "addr add $NET.0.1/32 dev lo" "addr add $NET.0.2/32 dev lo" | ip_a`,
    traffic: 'a ping -c 1 -I $NET.0.1 $NET.0.2',
    stories: [
      request(['loopback_xmit', 'ip_rcv', 'ip_local_deliver'], {
        // The raw socket that waits for the reply gets the request too, and its filter refuses it.
        children: 'any',
        outcome: 'consumed',
      }),
      reply(['loopback_xmit', 'ip_rcv']),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'a datagram that a socket gets',
    setup: 'pair; b_sockets udp-listen $NET.0.2 9015',
    traffic: 'a_sockets udp-send $NET.0.2 9015 2',
    stories: [
      {
        ...DATAGRAM,
        path: ['__ip_local_out', 'veth_xmit', 'ip_rcv', 'udp_rcv', 'skb_consume_udp', SHELL],
        end: 'delivered',
        times: 2,
      },
    ],
    outcomes: { delivered: 2 },
  },
  {
    name: 'an ICMP error on the error queue of a socket that asked for it',
    setup: 'pair',
    traffic: 'a_sockets udp-recverr $NET.0.2 9',
    stories: [
      { ...DATAGRAM, path: ['udp_rcv'], end: dropped('NO_SOCKET', UDP_RCV) },
      {
        ...ICMP,
        path: ['ip_rcv', 'icmp_rcv', 'icmp_unreach', 'ip_icmp_error'],
        end: 'delivered',
        children: [{ path: ['sock_queue_err_skb'], end: 'consumed' }],
      },
    ],
    outcomes: { dropped: 1, delivered: 1 },
  },
  {
    name: 'the time that a datagram was sent, which is no arrival of it',
    setup: 'pair',
    traffic: 'a_sockets udp-timestamp $NET.0.2 9',
    stories: [
      {
        ...DATAGRAM,
        path: ['__ip_local_out', 'veth_xmit', 'udp_rcv'],
        end: dropped('NO_SOCKET', UDP_RCV),
        children: [{ path: ['sock_queue_err_skb'], end: 'consumed' }],
      },
      { ...ICMP, path: ['icmp_rcv'], end: 'consumed' },
    ],
    outcomes: { dropped: 1, consumed: 1 },
  },
  {
    name: 'a datagram whose bytes stay with the sender (MSG_ZEROCOPY)',
    setup: 'pair; b_sockets udp-listen $NET.0.2 9016',
    traffic: 'a_sockets udp-zerocopy $NET.0.2 9016 1400',
    stories: [{ ...DATAGRAM, path: ['__ip_local_out', 'veth_xmit', 'udp_rcv', SHELL], end: 'delivered' }],
    outcomes: { delivered: 1 },
  },
  {
    name: 'TCP with MSG_ZEROCOPY',
    setup: 'pair; b_sockets tcp-listen $NET.0.2 9103',
    traffic: 'a_sockets tcp-send $NET.0.2 9103 20000 zerocopy',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        port: 9103,
        comm: 'perl',
        path: [],
        end: 'consumed',
        children: [{ path: ['veth_xmit', 'tcp_v4_rcv', 'tcp_rcv_established'], end: 'delivered' }],
        outcome: 'delivered',
      },
    ],
    outcomes: { delivered: 'any', consumed: 'any', merged: 'any' },
  },
  {
    name: 'a packet from a packet socket',
    setup: 'pair',
    traffic: 'a_sockets packet va $VB $NET.0.1 $NET.0.2',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        comm: 'perl',
        path: ['__dev_queue_xmit', 'veth_xmit', 'ip_rcv', 'icmp_echo'],
        without: ['__ip_local_out'],
        end: 'consumed',
      },
      // Nobody has asked.
      { ...ICMP, path: ['ip_rcv', 'icmp_rcv'], end: dropped('NO_SOCKET', PING_RCV) },
    ],
    outcomes: { consumed: 1, dropped: 1 },
  },
  {
    name: 'raw sockets',
    setup: 'pair; b_sockets raw-listen 253',
    traffic: 'a_sockets raw-send $NET.0.2 253',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        comm: 'perl',
        path: ['__ip_local_out', 'veth_xmit', 'ip_rcv', 'raw_local_deliver'],
        end: 'consumed',
        children: [{ path: ['raw_rcv'], end: 'delivered' }],
        outcome: 'delivered',
      },
    ],
    outcomes: { delivered: 1 },
  },
  {
    name: 'SCTP, whose reader frees what it has read as if it dropped it',
    setup: 'modprobe sctp; pair; b_sockets sctp-listen $NET.0.2 9104',
    traffic: 'a_sockets sctp-send $NET.0.2 9104 100',
    stories: [
      {
        tuple: '10.$N.0.1>10.$N.0.2',
        port: 9104,
        comm: 'perl',
        path: ['ip_output', 'veth_xmit', 'ip_rcv', 'sctp_rcv', 'skb_clone', 'consume_skb'],
        end: ARRIVED_IN_MODULE,
        children: [{ path: ['skb_copy_datagram_iter', 'sctp_sock_rfree'], end: ARRIVED_IN_MODULE }],
      },
    ],
    outcomes: { on: { '5.10': { consumed: 'any' } }, else: { delivered: 'any' } },
  },
  {
    name: 'a device that is renamed',
    setup: 'pair',
    traffic: `a ping -c 1 $NET.0.2
      ip_b << E
        link set vb down
        link set vb name vnew
        link set vnew up
        neigh replace $NET.0.1 lladdr $VA dev vnew nud permanent
E
      a ping -c 1 -w 5 $NET.0.2`,
    stories: [
      request(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vb'] }),
      reply(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vb'] }),
      request(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vnew'] }),
      reply(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vnew'] }),
    ],
    outcomes: { consumed: 'any', delivered: 2 },
  },
  {
    name: 'interfaces of other namespaces with the number of one here',
    setup: `ip link add odd$N index 7$N type dummy
      printf 'netns add %s\\n' \${NS}a \${NS}b | ip -batch -
      ip_a << E
        link add va index 7$N type veth peer name vb netns \${NS}b
        addr add $NET.0.1/24 dev va
        link set va up
E
      ip_b << E
        addr add $NET.0.2/24 dev vb
        link set vb up
E`,
    traffic: 'a ping -c 1 $NET.0.2',
    stories: [
      // Copies: of those that wait for ARP one is given to the question.
      request(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vb'], children: 'any' }),
      reply(['veth_xmit', 'ip_rcv'], { devices: ['va', 'vb'], moreChildren: true }),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
];
