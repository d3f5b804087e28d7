/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event as it travels to the editor, which knows the layouts from common/layouts.ts: a header, then sections in
 * the order of their bits. A section is there when it was never sent of this life, or when it differs from what was.
 */
#pragma once
#include "types.h"

enum event_kind {
	EVENT_STEP = 0,	 /* a probed function was entered */
	EVENT_DROP = 1,	 /* the kfree_skb tracepoint; `place` is where it was called */
	EVENT_COPY = 2,	 /* the life is a copy or a clone that this function makes of its parent */
	EVENT_MERGE = 3, /* this function puts the packet into another one */
	EVENT_ORIGIN = 4, /* the life of the skb that this one was cloned from before it matched; no step of its own */
};

enum event_section {
	SECTION_BEGIN = 1 << 0,
	SECTION_TASK = 1 << 1,
	SECTION_DEVICE = 1 << 2,
	SECTION_PROTOCOL = 1 << 3,
	SECTION_IPV4 = 1 << 4,
	SECTION_IPV6 = 1 << 5,
	SECTION_MARK = 1 << 6,
	SECTION_DROP = 1 << 7,
	SECTION_MERGE = 1 << 8,
	SECTION_LOST = 1 << 9,
	/* Without bytes: the life ends here; the function was not asked for and only links or ends lives. */
	SECTION_ENDS = 1 << 14,
	SECTION_QUIET = 1 << 15,
};

struct event_header {
	__u64 time;	/* CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns) */
	__u32 life;	/* 0: it could not be followed */
	__u32 place;	/* low 32 bits of the address of the probed function, or of where a packet was dropped */
	__u32 length;	/* skb->len */
	__u16 cpu_kind; /* CPU, 12 bits; enum event_kind, 4 bits */
	__u16 sections; /* enum event_section */
};

struct begin_section {
	__u64 skb;	  /* address of the struct sk_buff */
	__u64 head;	  /* 0: not known yet */
	__u32 parent;	  /* life that it is a copy of, or 0 */
	__u32 generation; /* of the filter that kept it */
};

struct task_section {
	__u32 pid; /* tgid that was running; not always the packet's owner */
	char comm[16];
};

struct device_section {
	__u32 netns; /* inode number; 0 when the skb has neither device nor socket */
	__u32 ifindex;
	__u32 mtu;
	char name[16];
};

struct protocol_section {
	__u16 protocol; /* skb->protocol in host byte order (ETH_P_IP = 0x0800) */
	__u8 flags;	/* enum tuple_flag */
	__u8 l4_protocol; /* IPPROTO_* */
};

enum tuple_flag {
	TUPLE_IPV4 = 1,
	TUPLE_IPV6 = 2,
	TUPLE_FRAGMENT = 4, /* a later fragment: it has addresses and no ports */
};

struct ipv4_section {
	__u8 source[4];
	__u8 destination[4];
	__u16 source_port; /* host byte order; 0 when the protocol has none */
	__u16 destination_port;
	__u8 tcp_flags; /* FIN = 1 ... CWR = 128 */
	__u8 unused[3];
};

struct ipv6_section {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
	__u8 tcp_flags;
	__u8 unused[3];
};

struct mark_section {
	__u32 mark;
};

struct drop_section {
	__u32 reason; /* enum skb_drop_reason or a subsystem's value */
};

struct merge_section {
	__u32 into; /* life of the packet that it becomes a part of, or 0 */
};

struct lost_section {
	__u32 total; /* low 32 bits of the events that were lost on this CPU */
};
