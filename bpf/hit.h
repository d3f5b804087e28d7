/* SPDX-License-Identifier: GPL-2.0-only */
/* One hit of a probe: which function it is of, which packet, and what is to be told. */
#pragma once
#include "events/event.h"
#include "events/life.h"
#include "events/scratch.h"
#include "kernel.h"
#include "packet/packet.h"
#include "packet/tuple.h"
#include "read.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u64 probed_address(struct pt_regs *regs)
{
	return config.kprobe_multi || config.fentry_multi ? bpf_get_func_ip(regs) : PROBED_ADDRESS(regs);
}

static __always_inline __u64 saved_argument(void *context, __u32 index)
{
	__u64 argument = 0;

	bpf_get_func_arg(context, index, &argument);
	return argument;
}

/* The nth argument of the function, from 1. */
#define ARGUMENT(regs, position) \
	(config.fentry_multi ? saved_argument(regs, position - 1) : ARGUMENT_##position(regs))

/* A program that probes go on in, with the scratch that was taken for the hit. */
#define WORK(name) \
	static __always_inline int name##_in(struct pt_regs *regs, struct scratch *scratch); \
	SEC("kprobe") int name(struct pt_regs *regs) \
	{ \
		struct scratch *scratch = taken_scratch(regs); \
\
		if (scratch) { \
			name##_in(regs, scratch); \
			give_back(scratch); \
		} \
		return 0; \
	} \
	static __always_inline int name##_in(struct pt_regs *regs, struct scratch *scratch)

/* The compiler's partial clones (.isra, .constprop) may have moved the arguments: the register holds anything. */
static __always_inline bool is_skb_address(__u64 address)
{
	return is_kernel_pointer(address) && !(address & 7);
}

/* Whether what is at the address is still the packet that the life is of. */
static __always_inline bool is_same(struct life *life, const struct packet *packet)
{
	if (life->phase == LIFE_OVER)
		return false;
	if (life->head == packet->head)
		return true;
	if (life->head != 0 && !(life->flags & LIFE_RESHAPED))
		return false;
	life->head = packet->head;
	life->flags &= ~LIFE_RESHAPED;
	return true;
}

/* A report of this skb with nothing in it. */
static __always_inline struct report *new_report(struct scratch *scratch, __u64 skb)
{
	struct report *report = &scratch->report;

	__builtin_memset(report, 0, sizeof(*report));
	report->skb = skb;
	return report;
}

/* Each scratch counts its lives. Of SCRATCH_OF_DROPS, the last of its kind, none begins. */
static __always_inline __u32 numberings(void)
{
	return config.fentry_multi ? SCRATCHES_WITH_FENTRY : SCRATCH_OF_DROPS;
}

static __always_inline struct life *new_life(struct scratch *scratch, __u32 generation)
{
	struct life *life = &scratch->fresh;

	__builtin_memset(life, 0, sizeof(*life));
	/* Different on each CPU and in each scratch that lives begin in; 0 is none. */
	life->id = (++scratch->begun * numberings() + scratch->kind) * config.cpus + bpf_get_smp_processor_id();
	life->generation = generation;
	return life;
}

/*
 * What the packet says of itself. Not inlined: its stack would count while the filter runs, whose own calls use up most
 * of what there is.
 */
static __noinline int read_report(struct scratch *scratch)
{
	struct report *report = &scratch->report;
	const struct packet *packet = &scratch->packet;
	/* A variable of its own: READ relocates every member that stands in it. */
	const struct sk_buff *skb = (const struct sk_buff *)report->skb;

	report->length = packet->len;
	report->head = packet->head;
	if (report->bytes)
		read_tuple(packet, bpf_ntohs(READ(sk_buff, skb, protocol)), &report->tuple);
	return 0;
}
