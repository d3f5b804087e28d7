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
	EVENT_VERDICT = 5, /* a traced BPF program returned; `place` is its number */
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
	SECTION_VERDICT = 1 << 10,
	/*
	 * What the trace asked for. It stands right behind the header, before all others, with its own bits and its own
	 * length: who does not care for it need not know what is in it.
	 */
	SECTION_EXTRAS = 1 << 11,
	/* Without bytes: the life ends here; the function was not asked for and only links or ends lives. */
	SECTION_ENDS = 1 << 14,
	SECTION_QUIET = 1 << 15,
};

struct event_header {
	__u64 time;	/* CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns) */
	__u32 life;	/* 0: it could not be followed */
	/* Low 32 bits of the address of the probed function, or of where a packet was dropped; of a BPF program its number. */
	__u32 place;
	__u32 length;	/* skb->len */
	__u16 cpu_kind; /* CPU, 12 bits; enum event_kind, 4 bits */
	__u16 sections; /* enum event_section */
};

/* What events tell where a trace asks for it; sections of their own, in the order of their bits. */
enum event_extra {
	EXTRA_CALLER = 1 << 0,
	EXTRA_STACK = 1 << 1,
	EXTRA_PACKET = 1 << 2, /* as in struct life: where the bytes differ from those that were sent last */
	/* Memory of the kernel as it is: the editor gets its layout from the agent. */
	EXTRA_SKB = 1 << 3,
	EXTRA_SHARED_INFO = 1 << 4,
	EXTRA_CB = 1 << 5,
	EXTRA_TUNNEL = 1 << 6, /* of a packet with another one inside */
	EXTRA_METADATA = 1 << 7, /* the user's values, eight bytes each, as a memory_section */
};

struct extras_section {
	__u16 extras; /* enum event_extra: what follows */
	__u16 length; /* of this structure and all that follows; a multiple of four */
};

struct caller_section {
	__u32 address; /* low 32 bits of where the probed function returns to */
};

struct stack_section {
	__u32 id_low; /* of a stack, which is the same whenever it comes again */
	__u32 id_high;
	__u32 frames; /* that follow, each the low 32 bits of an address, innermost first; 0: they were sent before */
};

struct packet_section {
	__u16 length;  /* of the bytes that follow, and are padded to a multiple of four */
	__u16 network; /* where in them the network header is: 0, or behind the link header that they begin with */
};

struct memory_section {
	__u32 length; /* of the bytes that follow; a multiple of four */
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

/* The packet inside of a tunnel's packet. */
struct tunnel_section {
	struct protocol_section protocol; /* its own is that of the outer packet */
	struct ipv6_section ip;		  /* of IPv4 the first four bytes of each address */
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

struct verdict_section {
	__u32 value; /* what the program returned: TC_ACT_*, which may be negative */
};
