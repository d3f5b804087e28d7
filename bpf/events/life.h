/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lives: which packet an address is, decided here once. The slab hands the address of a released skb out again
 * within microseconds, and on its way a packet changes all that could name it (NAT, tunnels, VLAN tags).
 *
 * A life begins with the first matching hit of an skb, or where an skb is made from a followed one (copies); it
 * ends with the last step of the release. The kernel releases an skb in a fixed order (net/core/skbuff.c):
 * skb_release_head_state with the socket's destructor, skb_release_data with what it calls back, and then the
 * shell goes back by kfree_skbmem, or into a cache, or in bulk, where no function tells.
 *
 * Doubts. A head that a function outside of the table of reshaping ones replaces begins a new life. On kernels
 * before 5.11 nothing tells of a new skb at an address whose release ended unseen; the head tells mostly.
 */
#pragma once
#include "events/counters.h"
#include "events/event.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

enum life_phase {
	LIFE_ALIVE = 0,
	/* The data was given to another packet: skb_release_head_state is the last step. */
	LIFE_STOLEN = 1,
	/* skb_release_head_state has begun: what follows belongs to the release, its callbacks too. */
	LIFE_HEAD_STATE = 2,
	/* skb_release_data has begun: what follows, but for its own callbacks and kfree_skbmem, is another packet. */
	LIFE_OVER = 3,
};

enum life_flag {
	/* Not asked for by anybody (left-out.h): followed to its end, with its copies, never shown. */
	LIFE_LEFT_OUT = 1,
	/* A function was called that may replace the head. */
	LIFE_RESHAPED = 2,
	/* It did not match when it was asked last, and only what matches is to be seen: its end is told, no step. */
	LIFE_ASIDE = 4,
};

struct life {
	__u32 id;
	__u8 phase; /* enum life_phase */
	__u8 flags; /* enum life_flag */
	__u16 sent; /* enum event_section: what was sent at all; below is what was sent last */
	__u64 head; /* 0: not known yet */
	__u32 parent;
	__u32 generation;
	__u64 device; /* address of the struct net_device */
	__u64 task;
	__u32 mark;
	struct protocol_section protocol;
	struct ipv6_section tuple;
	__u32 packet_hash; /* of the bytes that were sent last, where they are asked for */
};

enum life_limit { LIVES = 32768 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIVES);
	__type(key, __u64); /* address of the skb */
	__type(value, struct life);
} lives SEC(".maps");

static __always_inline __u32 *followed_slot(__u64 skb)
{
	/* skbs are aligned to cache lines. */
	return &counters.followed[((skb >> 6) ^ (skb >> 22)) & (FOLLOWED_SLOTS - 1)];
}

static __always_inline struct life *life_of(__u64 skb)
{
	return *followed_slot(skb) ? bpf_map_lookup_elem(&lives, &skb) : (struct life *)0;
}

static __always_inline void forget(__u64 skb)
{
	if (bpf_map_delete_elem(&lives, &skb) == 0)
		__sync_fetch_and_add(followed_slot(skb), -1);
}

/* Takes the place of whatever was at this address. Null: the map is full or busy. */
static __always_inline struct life *begin(__u64 skb, const struct life *life, bool known)
{
	if (bpf_map_update_elem(&lives, &skb, life, 0 /* BPF_ANY */) != 0)
		return 0;
	if (!known)
		__sync_fetch_and_add(followed_slot(skb), 1);
	return bpf_map_lookup_elem(&lives, &skb);
}
