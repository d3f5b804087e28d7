/* SPDX-License-Identifier: GPL-2.0-only */
/* One probe hit as it travels to the editor; EventRecord in remote-agent/protocol.ts is the same layout. */
#pragma once
#include "types.h"

enum event_kind {
	EVENT_FUNCTION = 0, /* a probed function was entered */
	EVENT_DROP = 1,	    /* the kfree_skb tracepoint */
};

enum event_flag {
	EVENT_TUPLE = 1,
	EVENT_IPV6 = 2,
	EVENT_FRAGMENT = 4,
};

struct event {
	__u64 timestamp;
	__u64 skb;
	__u64 head;
	__u64 address;
	__u32 drop_reason;
	__u32 netns;
	__u32 ifindex;
	__u32 mtu;
	__u32 mark;
	__u32 len;
	__u32 pid;
	__u16 cpu;
	__u8 kind;
	__u8 flags;
	__u16 protocol;
	__u16 source_port;
	__u16 destination_port;
	__u8 l4_protocol;
	__u8 tcp_flags;
	__u8 source_address[16];
	__u8 destination_address[16];
	char comm[16];
	__u32 lost_before;
	__u32 generation;
};

#define EVENT_FIELD_AT(field, offset) \
	_Static_assert(__builtin_offsetof(struct event, field) == (offset), #field " moved")
EVENT_FIELD_AT(address, 24);
EVENT_FIELD_AT(cpu, 60);
EVENT_FIELD_AT(source_address, 72);
EVENT_FIELD_AT(destination_address, 88);
EVENT_FIELD_AT(comm, 104);
EVENT_FIELD_AT(lost_before, 120);
EVENT_FIELD_AT(generation, 124);
_Static_assert(sizeof(struct event) == 128, "an event is 128 bytes, a multiple of the ring buffer's 8");
