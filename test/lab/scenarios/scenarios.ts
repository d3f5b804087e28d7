import type { Scenario } from './scenario.ts';

/** The drop function had other names: kfree_skb_reason before 6.11, kfree_skb before 5.17. */
const DROP = ['sk_skb_reason_drop', 'kfree_skb_reason', 'kfree_skb'];

/**
 * The scenario of the slides that introduced pwru: netfilter drops curl's SYN on its way out. The path leaves
 * out ip_local_out, which compilers of some kernels inline.
 */
const NETFILTER_DROP = {
  setup: ['iptables -t filter -I OUTPUT 1 -m tcp --proto tcp --dst 1.1.1.1/32 -j DROP'],
  traffic: ['curl -s -m 2 1.1.1.1'],
  filter: 'dst host 1.1.1.1 and tcp and dst port 80',
};
const NETFILTER_PATH = ['__ip_local_out', 'nf_hook_slow', DROP, 'skb_release_data', 'kfree_skbmem'];

export const SCENARIOS: readonly Scenario[] = [
  {
    ...NETFILTER_DROP,
    name: 'netfilter drops a SYN',
    kernels: ['6.12', '7.2'],
    expected: [{ comm: 'curl', functions: NETFILTER_PATH, drop: { reason: 'NETFILTER_DROP' } }],
  },
  {
    ...NETFILTER_DROP,
    name: 'netfilter drops a SYN, on a kernel without drop reasons',
    kernels: ['5.10'],
    expected: [{ comm: 'curl', functions: NETFILTER_PATH, drop: { reason: null } }],
  },
  {
    name: 'nobody listens on a UDP port',
    kernels: ['6.12', '7.2'],
    setup: [],
    traffic: ['echo hello | nc -u -w 1 127.0.0.1 9'],
    filter: 'udp and dst port 9',
    expected: [
      {
        comm: 'nc',
        functions: ['__ip_local_out', 'loopback_xmit', 'ip_rcv', 'udp_rcv', DROP],
        drop: { reason: 'NO_SOCKET' },
      },
    ],
  },
  {
    name: 'a ping over the loopback device arrives',
    kernels: ['6.12', '7.2', '5.10'],
    setup: [],
    traffic: ['ping -c 1 127.0.0.1'],
    filter: 'icmp and icmp[icmptype] == icmp-echo',
    expected: [
      { comm: 'ping', functions: ['__ip_local_out', 'loopback_xmit', 'ip_rcv', 'icmp_rcv'], drop: false },
    ],
  },
];
