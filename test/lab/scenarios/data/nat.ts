/** Addresses that change on the way, to some that the filter does not match. */
import { dropped } from '../expect.ts';
import type { Scenario } from '../scenario.ts';
import { reply, request } from './ping.ts';
import { HOOK } from './places.ts';

export const NAT: readonly Scenario[] = [
  {
    name: 'destination and source are translated; the answer finds back',
    setup: `router 172.16.2
      r nft 'table ip t {
        chain pre { type nat hook prerouting priority -100; ip daddr '$NET'.9.9 dnat to 172.16.2.2; }
        chain post { type nat hook postrouting priority 100; oif rb masquerade; }
      }'
      ip -n \${NS}b route del default`,
    traffic: 'a ping -c 1 -W 1 $NET.9.9',
    stories: [
      request(
        [
          'ip_rcv',
          '10.$N.1.2>172.16.2.2',
          'ip_forward',
          'ip_output',
          '172.16.2.1>172.16.2.2',
          'veth_xmit',
          'ip_rcv',
          'ip_local_deliver',
        ],
        { tuple: '10.$N.1.2>10.$N.9.9', namespaces: 3 },
      ),
      // Not seen before r gave it the first address that the filter matches.
      reply(['ip_forward', '10.$N.9.9>10.$N.1.2', 'veth_xmit', 'ip_rcv'], {
        tuple: '172.16.2.2>10.$N.1.2',
        namespaces: 2,
      }),
    ],
    outcomes: { consumed: 1, delivered: 1 },
  },
  {
    name: 'a packet that is dropped behind its translation',
    setup: `router 172.16.2
      r nft 'table ip t {
        chain pre { type nat hook prerouting priority -100; ip daddr '$NET'.9.9 dnat to 172.16.2.2; }
        chain post { type nat hook postrouting priority 100; oif rb masquerade; }
      }'
      b nft 'table ip t { chain i { type filter hook input priority 0; udp dport 9009 drop; }; }'`,
    traffic: 'a_udp $NET.9.9 9009',
    stories: [
      {
        tuple: '10.$N.1.2>10.$N.9.9',
        protocol: 'udp',
        comm: 'bash',
        path: ['10.$N.1.2>172.16.2.2', '172.16.2.1>172.16.2.2', 'ip_local_deliver'],
        end: dropped('NETFILTER_DROP', HOOK),
      },
    ],
    outcomes: { dropped: 1 },
  },
  {
    name: 'masquerading with an address that is missing in an ipset',
    setup: `router
      r ipset create masqueraded$N hash:ip
      r ipset add masqueraded$N $NET.1.2
      r iptables -t nat -A POSTROUTING -m set --match-set masqueraded$N src -j MASQUERADE
      ip -n \${NS}a addr add $NET.1.3/24 dev va
      ip -n \${NS}r neigh replace $NET.1.3 lladdr $VA dev ra nud permanent
      ip -n \${NS}b route del default`,
    traffic: 'a ping -c 1 -W 1 $NET.2.2; a ping -c 1 -W 1 -I $NET.1.3 $NET.2.2',
    stories: [
      request(['ip_forward', '10.$N.2.1>10.$N.2.2', 'veth_xmit', 'ip_rcv'], { tuple: '10.$N.1.2>10.$N.2.2' }),
      reply(['10.$N.2.2>10.$N.1.2', 'ip_forward'], { tuple: '10.$N.2.2>10.$N.2.1' }),
      // It arrives as it was, and b knows no way back.
      request(['ip_forward', 'veth_xmit', 'ip_rcv'], { tuple: '10.$N.1.3>10.$N.2.2' }),
    ],
    outcomes: { consumed: 2, delivered: 1 },
  },
];
