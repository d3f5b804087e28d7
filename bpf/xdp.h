/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets in the hands of XDP, and the skbs that they are before or after. XDP gets a packet where no skb is yet: its
 * life is of its memory and ends when the program returns. The skb that is made around that memory is a child of it,
 * known by where the packet's first byte is. Where the packet was an skb already (veth, generic XDP) it is that skb's
 * life, known by its head.
 *
 * Doubts. A driver that copies the packet into an skb makes one that nobody knows: it asks the filter anew. Of memory
 * that left with a packet and comes back without XDP the skb is taken for a child.
 */
#pragma once
#include "events/life.h"
#include "events/scratch.h"
#include "hit.h"
#include "packet/packet.h"
#include "trace-config.h"
#include "types.h"
#include "xdp-maps.h"
#include <bpf/bpf_helpers.h>

/* An skb is followed, and this is its head. */
static __always_inline void note_head(__u64 head, __u64 skb)
{
	bpf_map_update_elem(&skb_heads, &head, &skb, 0 /* BPF_ANY */);
}

/* The followed skb whose head this is; 0: it is none that is known. */
static __always_inline __u64 skb_of_head(__u64 head)
{
	const __u64 *known = bpf_map_lookup_elem(&skb_heads, &head);
	const struct scratch *probes = scratch_of(SCRATCH_OF_PROBES);
	__u64 skb = known ? *known : 0, its_head, data;
	const struct life *life = skb ? life_of(skb) : 0;

	if (life && life->phase == LIFE_ALIVE && life->head == head)
		return skb;
	/* Copied or given another head on this CPU just for XDP, which wants room: its life does not know that yet. */
	skb = probes ? probes->reshaped : 0;
	if (!is_skb_address(skb) || !life_of(skb))
		return 0;
	read_buffer((const struct sk_buff *)skb, &its_head, &data);
	return its_head == head ? skb : 0;
}

/* Whether an skb that is not known was made of a packet that XDP passed; then its life's number is the parent's. */
static __always_inline bool take_passed(const struct packet *packet, __u32 *parent)
{
	__u64 start = packet->head + (packet->has_mac ? packet->mac : packet->data);
	const struct life *passed = bpf_map_lookup_elem(&xdp_packets, &start);

	if (!passed)
		return false;
	*parent = passed->id;
	bpf_map_delete_elem(&xdp_packets, &start);
	return true;
}
