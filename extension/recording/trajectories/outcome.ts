/** What functions tell of where a packet got to, by their names in the kernel's source. */
export const Reached = { Nothing: 0, Socket: 1, Wire: 2 } as const;
export type Reached = (typeof Reached)[keyof typeof Reached];

/**
 * A socket's queue, or its receiver. What has no name here has not arrived: the queues of packet sockets, whose packets
 * go on to where they are for, and error queues with the time a packet was sent. Readers are not told apart by what
 * they read from, so they do not count. An ICMP error has arrived when a socket that asked for it gets it, a segment
 * also when all that is left of the connection answers it.
 */
const SOCKET =
  /^(?:__sock_queue_rcv_skb|sock_queue_rcv_skb(?:_reason)?|__udp_enqueue_schedule_skb|skb_consume_udp|tcp_queue_rcv|tcp_rcv_established|tcp_rcv_state_process|tcp_timewait_state_process|sctp_rcv|sctp_inet6?_skb_msgname|ip_icmp_error|ipv6_icmp_error)$/;
/** Back from a device's transmit function into a receiving one: loopback, veth. */
const RECEIVED = /^(?:eth_type_trans|netif_rx_internal|__netif_rx|__netif_receive_skb_core|ip6?v?6?_rcv)$/;

/** Where a packet is once it passed a function; undefined: as before. */
export function reachedBy(functionName: string): Reached | undefined {
  const name = functionName.replace(/\..*$/, '');
  if (SOCKET.test(name)) return Reached.Socket;
  if (name === 'dev_hard_start_xmit') return Reached.Wire;
  return RECEIVED.test(name) ? Reached.Nothing : undefined;
}

/** Frees the packets that are chained to one that is freed. */
const FREES_CHAINED = /^(?:skb_release_data|kfree_skb_list(?:_reason)?)(?:\..*)?$/;

/**
 * Frees what a socket had, in ways that are told as drops: what is left in the queue of one that is closed (of TCP at
 * least the FIN), and what a connection in TIME_WAIT has answered.
 */
const FREES_RECEIVED =
  /^(?:sk_stream_kill_queues|inet_sock_destruct|skb_queue_purge(?:_reason)?|tcp_v[46]_rcv)(?:\..*)?$/;

/**
 * Frees all that it handled as if it dropped it, with a reason only where it does: what SCTP's reader has read, and up
 * to 6.1 at least ICMPv6, a request that was answered too.
 */
const FREES_HANDLED = /^(?:sctp_recvmsg|sctp_ulpevent_free|icmpv6_rcv)(?:\..*)?$/;

/**
 * Whether the kernel's tracepoint tells of a packet that was dropped: it also fires for those released with the one
 * that they are chained to (frag_list), and for some that were handled.
 * @param reason its name; undefined on kernels without reasons
 * @param reached where it got to before
 */
export function isDrop(reason: string | undefined, functionName: string, reached: Reached): boolean {
  if (reason !== undefined && /^(?:SKB_)?(?:CONSUMED|NOT_DROPPED_YET)$/.test(reason)) return false;
  if (reason !== undefined && reason !== 'NOT_SPECIFIED' && reason !== 'QUEUE_PURGE') return true;
  if (reached === Reached.Socket && FREES_RECEIVED.test(functionName)) return false;
  return reason === 'QUEUE_PURGE' || !(FREES_CHAINED.test(functionName) || FREES_HANDLED.test(functionName));
}
