/** Echo requests and replies, which many scenarios send. */
import { dropped, type ExpectedStory } from '../expect.ts';
import { PING_RCV } from './places.ts';

type Path = ExpectedStory['path'];

/**
 * A request that the other side's kernel answers, from 10.N.0.1 to 10.N.0.2 unless told otherwise.
 * @param path what it passes before icmp_rcv
 */
export function request(path: Path, more: Partial<ExpectedStory> = {}): ExpectedStory {
  return {
    tuple: '10.$N.0.1>10.$N.0.2',
    protocol: 'icmp',
    comm: 'ping',
    path: ['__ip_local_out', ...path, 'icmp_rcv', 'icmp_echo'],
    end: 'consumed',
    ...more,
  };
}

/**
 * The reply to it. A raw socket, which ping has, gets a copy. Then nobody wants the packet itself, and the kernel says
 * so: that is no drop of the reply.
 */
export function reply(path: Path, more: Partial<ExpectedStory> = {}): ExpectedStory {
  return {
    tuple: '10.$N.0.2>10.$N.0.1',
    protocol: 'icmp',
    path: [...path, 'raw_local_deliver', 'icmp_rcv'],
    end: dropped('NO_SOCKET', PING_RCV),
    children: [{ path: ['raw_rcv'], end: 'delivered' }],
    outcome: 'delivered',
    ...more,
  };
}

/**
 * An ICMP error for ping, which asks for them: on its error queue, and as a copy on that of its raw socket; whether it
 * reads them before it ends is its business.
 */
export function errorFor(tuple: string, path: Path = []): ExpectedStory {
  return {
    tuple,
    protocol: 'icmp',
    path: [...path, 'raw_local_deliver', 'icmp_rcv', 'ip_icmp_error'],
    end: 'delivered',
    children: [{ path: ['raw_rcv', '__sock_queue_rcv_skb'] }, { path: ['sock_queue_err_skb'] }],
  };
}
