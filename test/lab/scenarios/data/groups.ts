import type { Group } from '../scenario.ts';
import { COPIES } from './copies.ts';
import { DROPS } from './drops.ts';
import { FORWARDING } from './forwarding.ts';
import { NAT } from './nat.ts';
import { SOCKETS } from './sockets.ts';
import { TUNNELS } from './tunnels.ts';

/** IGMP comes by a timer. */
const FILTER = '(ip net 10.64.0.0/10 and not igmp) or ip6 net fd00::/8';

export const GROUPS: readonly Group[] = [
  {
    name: 'all functions',
    functions: '',
    filter: FILTER,
    scenarios: [...DROPS, ...FORWARDING, ...NAT, ...TUNNELS, ...COPIES, ...SOCKETS],
  },
  {
    name: 'ip_rcv alone',
    functions: 'ip_rcv',
    filter: FILTER,
    scenarios: [
      {
        name: 'packets of many senders, of which each step is another packet',
        setup: `pair; b_sockets udp-listen $NET.0.2 9018
          for i in $(seq 25); do echo addr add $NET.3.$i/32 dev lo; done | ip_a`,
        traffic: 'a_sockets udp-from $NET.3. 25 $NET.0.2 9018',
        stories: Array.from({ length: 25 }, (_, i) => ({
          tuple: `10.$N.3.${i + 1}>10.$N.0.2`,
          path: ['ip_rcv'],
          without: ['udp_rcv'],
          end: 'consumed' as const, // of functions that are not probed nothing is known
        })),
        outcomes: { consumed: 25 },
      },
    ],
  },
];
