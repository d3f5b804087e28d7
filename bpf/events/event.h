/* SPDX-License-Identifier: GPL-2.0-only */
/* One probe hit as it travels to the editor, which knows the layout from common/layouts.ts. */
#pragma once
#include "types.h"

enum event_kind {
	EVENT_FUNCTION = 0, /* a probed function was entered */
	EVENT_DROP = 1,	    /* the kfree_skb tracepoint */
};

enum event_flag {
	EVENT_TUPLE = 1,    /* addresses are valid, IPv4 unless EVENT_IPV6 */
	EVENT_IPV6 = 2,
	EVENT_FRAGMENT = 4, /* a later fragment: it has addresses and no ports */
};

struct event {
	__u64 timestamp; /* CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns) */
	__u64 skb;	 /* address of the struct sk_buff */
	__u64 head;
	__u64 address;	   /* of the probed function; drops: the address it was dropped at */
	__u32 drop_reason; /* drops: enum skb_drop_reason or a subsystem's value */
	__u32 netns;	   /* inode number; 0 when the skb has neither device nor socket */
	__u32 ifindex;	   /* of the skb's device, or 0 */
	__u32 mtu;	   /* of that device, or 0 */
	__u32 mark;
	__u32 len;
	__u32 pid; /* tgid that was running; not always the packet's owner */
	__u16 cpu;
	__u8 kind;	   /* enum event_kind */
	__u8 flags;	   /* enum event_flag bits */
	__u16 protocol;	   /* skb->protocol in host byte order (ETH_P_IP = 0x0800) */
	__u16 source_port; /* ports in host byte order; 0 when the protocol has none */
	__u16 destination_port;
	__u8 l4_protocol; /* IPPROTO_* */
	__u8 tcp_flags;	  /* FIN = 1 ... CWR = 128 */
	__u8 source_address[16]; /* network order; IPv4 uses the first four */
	__u8 destination_address[16];
	char comm[16];	   /* NUL-padded */
	__u32 lost_before; /* events lost on this CPU between the one it delivered before and this one */
	__u32 generation;  /* of the filter that kept it */
};

_Static_assert(sizeof(struct event) == 128, "an event is 128 bytes, a multiple of the ring buffer's 8");
