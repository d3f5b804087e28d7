/** Functions that have other names, or were taken apart otherwise, on some kernels. */

/** Where nftables' verdict drops: since 6.9 where its chain says so, before that in the hook that called it. */
export const HOOK = { on: { '5.10': 'nf_hook_slow', '6.1': 'nf_hook_slow' }, else: 'nft_do_chain' };

export const FREE = ['sk_skb_reason_drop', 'kfree_skb_reason', 'kfree_skb'];

/** Where no socket wants a datagram. */
export const UDP_RCV = { on: { '7.2': 'udp_rcv' }, else: '__udp4_lib_rcv' };

/** Where nobody wants an echo reply. */
export const PING_RCV = { on: { '7.2': 'ping_rcv' }, else: 'icmp_rcv' };

/** The last of an skb that a socket's reader is done with. */
export const SHELL = ['kfree_skbmem', 'napi_skb_cache_put'];
