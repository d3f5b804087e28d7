/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which life a hit is of, where the function or the program that was hit says nothing of it: the one that its packet
 * has, or one that begins here because the filter wants the packet.
 */
#pragma once
#include "events/emit.h"
#include "events/life.h"
#include "filter/matches-filter.h"
#include "filter/meets-conditions.h"
#include "hit.h"
#include "kernel.h"
#include "left-out.h"
#include "packet/packet.h"
#include "packet/tuple.h"
#include "read.h"
#include "trace-config.h"
#include "xdp.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define FCLONE_CLONE 2 /* SKB_FCLONE_CLONE of include/linux/skbuff.h */

/*
 * A TCP socket sends clones of an skb that it keeps until it is acknowledged, and fills in the headers in the clone
 * only: the packet's life begins with the one that is kept, so that a retransmission is a child of the same.
 * Returns its number.
 */
static __always_inline __u32 follow_origin(struct scratch *scratch)
{
	struct report *report = &scratch->report;
	const struct sk_buff *skb = (const struct sk_buff *)report->skb;
	__u64 address = report->skb;
	__u64 origin = address - bpf_core_type_size(struct sk_buff);
	struct life *life;

	if (BPF_CORE_READ_BITFIELD_PROBED(skb, fclone) != FCLONE_CLONE)
		return 0;
	life = life_of(origin);
	if (life)
		return life->phase == LIFE_ALIVE ? life->id : 0;
	life = begin(origin, new_life(scratch, config.generation), false);
	if (!life)
		return 0;
	report->skb = origin;
	report->kind = EVENT_ORIGIN;
	report->sections = SECTION_QUIET;
	emit(scratch, life);
	report->skb = address;
	report->kind = EVENT_STEP;
	report->sections = 0;
	return life->id;
}

/* Nothing is asked of packets. */
static __always_inline bool matches_all(void)
{
	return !config.filtered && !conditions.any && !conditions.expression;
}

/* Whether the conditions and the filter want a packet. */
static __always_inline bool matches(const struct sk_buff *skb, const struct packet *packet)
{
	if (conditions.any && !meets_conditions(skb))
		return false;
	if (config.filtered && !matches_filter(skb, packet))
		return false;
	return !conditions.expression || skb_expression((__u64)skb);
}

/*
 * The life of a packet whose headers can be read, which begins here if it matches and has none. Null: it has none;
 * `untracked` then says that it matches and could not be followed.
 */
static __always_inline struct life *follow(struct scratch *scratch, const struct packet *packet, bool *untracked)
{
	struct report *report = &scratch->report;
	struct sk_buff *skb = (struct sk_buff *)report->skb;
	__u64 address = report->skb;
	struct life *life = life_of(address);
	__u64 head = life ? life->head : 0;
	bool known = life, passed;
	__u32 parent = 0;
	bool left_out;

	*untracked = false;
	if (life && is_same(life, packet)) {
		report->bytes = life->phase == LIFE_ALIVE;
		if (config.xdp && head != packet->head)
			note_head(packet->head, address);
		if (life->flags & LIFE_LEFT_OUT)
			return life;
		if (!config.track) {
			if (matches_all() || (report->bytes && matches(skb, packet)))
				life->flags &= ~LIFE_ASIDE;
			else if (report->bytes)
				life->flags |= LIFE_ASIDE;
			if (life->flags & LIFE_ASIDE)
				return 0;
		}
		read_report(scratch);
		/* Headers came, or changed: whose packet it is shows only now. */
		if (report->bytes && config.leaves_out_own && report->tuple.protocol.flags &&
		    !same_tuple(&life->tuple, &report->tuple.ip) && is_own_tuple(&report->tuple))
			life->flags |= LIFE_LEFT_OUT;
		return life;
	}
	passed = config.xdp && config.track && take_passed(packet, &parent);
	if (!passed &&
	    (!matches(skb, packet) || (!config.filtered && !shows_all() && !is_packet(skb, packet)))) {
		if (known)
			forget(address);
		return 0;
	}
	report->bytes = true;
	read_report(scratch);
	left_out = is_left_out(scratch);
	if (!left_out && !passed)
		parent = follow_origin(scratch);
	life = new_life(scratch, config.generation);
	life->head = packet->head;
	life->parent = parent;
	life->flags = left_out ? LIFE_LEFT_OUT : 0;
	life = begin(address, life, known);
	if (life && config.xdp)
		note_head(packet->head, address);
	if (!life && !left_out) {
		*untracked = true;
		count_untracked(bpf_get_smp_processor_id());
	}
	return life;
}
