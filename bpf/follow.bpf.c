// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program that depends on the filter: what a function that says nothing of a packet's life does when it is hit.
 * Those of probes.bpf.c go on in it; another filter is another such program, and takes its place.
 */
#include "bystander.h"
#include "events/emit.h"
#include "events/extras.h"
#include "events/life.h"
#include "follow.h"
#include "hit.h"
#include "kernel.h"
#include "packet/packet.h"
#include <bpf/bpf_helpers.h>

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

WORK(follow_or_begin)
{
	struct life *life;
	bool untracked;
	__u64 skb;

	skb = scratch->argument;
	if (!is_skb_address(skb) || !read_packet((void *)skb, &scratch->packet))
		return 0;
	new_report(scratch, skb)->place = probed_address(regs);
	life = follow(scratch, &scratch->packet, &untracked);
	if (!life ? !untracked : life->flags & LIFE_LEFT_OUT) {
		enter_unfollowed(regs);
		return 0;
	}
	if (life)
		enter(regs, skb, life);
	add_extras(scratch, regs);
	return emit(scratch, life);
}
