// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes run as long as a trace lasts: a program for each thing that a function can mean for a packet's life,
 * and one for the kfree_skb tracepoint. They are many and the verifier walks through each, so each only says what was
 * hit; the few programs that they go on in do the work. One of those has the filter in force (follow.bpf.c). Another
 * filter is put beside it, and one store to `active` changes over; no probe is touched.
 */
#include "bystander.h"
#include "events/counters.h"
#include "events/emit.h"
#include "events/events-map.h"
#include "events/extras.h"
#include "events/life.h"
#include "events/scratch.h"
#include "hit.h"
#include "kernel.h"
#include "own-connections.h"
#include "packet/packet.h"
#include "program.h"
#include "read.h"
#include "trace-config.h"
#include "types.h"
#include "xdp-maps.h"
#include <bpf/bpf_helpers.h>

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, GO_ON_ENTRIES);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

/*
 * Which program has the filter in force, GO_ON_FOLLOW or GO_ON_FOLLOW_OTHER, or GO_ON_PAUSED. The only variable of its
 * section: the agent maps it and writes it at offset 0.
 */
volatile __u32 active SEC(".data.active") = GO_ON_FOLLOW;

/* A call that does not return where it can be made. Where it cannot, nobody knows whether the packet matched. */
static __always_inline int go_on(void *context, struct scratch *scratch, __u32 index)
{
	/* A trampoline keeps the address for programs that ask it, and sees only the first. */
	if (config.fentry_multi)
		bpf_get_func_ip(context);
	bpf_tail_call(context, &programs, index);
	give_back(scratch);
	count_lost(bpf_get_smp_processor_id());
	return 0;
}

/* Which argument it is the program with the filter need not know. */
#define PLAIN_PROBE(position) \
	SEC("kprobe") int plain_##position(struct pt_regs *regs) \
	{ \
		__u32 program = active; \
		struct scratch *scratch; \
\
		if (program == GO_ON_PAUSED) \
			return 0; \
		scratch = take_scratch(regs); \
		if (!scratch) \
			return 0; \
		scratch->argument = ARGUMENT(regs, position); \
		return go_on(regs, scratch, program); \
	}

PLAIN_PROBE(1)
PLAIN_PROBE(2)
PLAIN_PROBE(3)
PLAIN_PROBE(4)
PLAIN_PROBE(5)

/* A packet that may be followed; mostly none is, and then nothing more is asked. */
static __always_inline bool may_be_followed(__u64 skb)
{
	return is_skb_address(skb) && *followed_slot(skb);
}

/* `quiet`: the function was not asked for. Then only what ends or links lives is told. */
static __always_inline int means(struct pt_regs *regs, enum meaning meaning, bool quiet, __u64 skb, __u64 from,
				 __u32 index)
{
	struct scratch *scratch;

	if (active == GO_ON_PAUSED || (!may_be_followed(skb) && !may_be_followed(from)))
		return 0;
	scratch = take_scratch(regs);
	if (!scratch)
		return 0;
	scratch->argument = skb;
	scratch->from = from;
	scratch->meaning = meaning;
	scratch->quiet = quiet;
	return go_on(regs, scratch, index);
}

#define PROBE(name, call) \
	SEC("kprobe") int name(struct pt_regs *regs) \
	{ \
		return call; \
	}

#define PROBE_OR_QUIET(name, call) \
	static __always_inline int call_##name(struct pt_regs *regs, bool quiet) \
	{ \
		return call; \
	} \
	PROBE(name, call_##name(regs, false)) \
	PROBE(quiet_##name, call_##name(regs, true))

#define OF_FIRST(meaning) means(regs, meaning, quiet, ARGUMENT(regs, 1), 0, GO_ON_STEP)

static __always_inline int partial(struct pt_regs *regs, bool quiet)
{
	if (ARGUMENT(regs, 2) & 0xff)
		return OF_FIRST(MEANS_STOLEN);
	return quiet ? 0 : OF_FIRST(MEANS_STEP);
}

/* A new packet of this address: what was followed there has ended unseen. */
static __always_inline int build(__u64 skb)
{
	if (active != GO_ON_PAUSED && may_be_followed(skb))
		forget(skb);
	return 0;
}

PROBE(in_release, means(regs, MEANS_STEP, false, ARGUMENT(regs, 1), 0, GO_ON_STEP))
PROBE_OR_QUIET(release_head_state, OF_FIRST(MEANS_HEAD_STATE))
PROBE_OR_QUIET(release_data, OF_FIRST(MEANS_DATA))
PROBE_OR_QUIET(release_final, OF_FIRST(MEANS_FINAL))
PROBE_OR_QUIET(release_final_second, means(regs, MEANS_FINAL, quiet, ARGUMENT(regs, 2), 0, GO_ON_STEP))
PROBE_OR_QUIET(release_stolen, OF_FIRST(MEANS_STOLEN))
PROBE_OR_QUIET(release_partial, partial(regs, quiet))
PROBE_OR_QUIET(reshapes, OF_FIRST(MEANS_RESHAPE))
PROBE_OR_QUIET(copies, means(regs, MEANS_STEP, quiet, ARGUMENT(regs, 1), ARGUMENT(regs, 2), GO_ON_COPY))
PROBE_OR_QUIET(merges, means(regs, MEANS_STEP, quiet, ARGUMENT(regs, 1), ARGUMENT(regs, 2), GO_ON_MERGE))
PROBE(builds, build(ARGUMENT(regs, 1)))

static __always_inline struct life *life_at(__u64 skb)
{
	return is_skb_address(skb) ? life_of(skb) : 0;
}

/* Tells a hit of a packet that is followed; `bytes`: they are read while it lives. */
static __always_inline void tell(struct pt_regs *regs, struct scratch *scratch, struct life *life, __u64 skb,
				 __u16 sections, bool bytes)
{
	struct report *report;

	if (life->flags & LIFE_LEFT_OUT)
		return;
	if (life->flags & LIFE_ASIDE) {
		if (!(sections & SECTION_ENDS))
			return;
		sections |= SECTION_QUIET;
	}
	report = new_report(scratch, skb);
	report->sections = sections;
	report->place = probed_address(regs);
	report->bytes = bytes && read_packet((void *)skb, &scratch->packet) && is_same(life, &scratch->packet);
	if (report->bytes)
		read_report(scratch);
	else
		report->length = READ(sk_buff, (struct sk_buff *)skb, len);
	add_extras(scratch, regs);
	emit(scratch, life);
}

/* A step of one packet, with what it means for its life. */
WORK(step)
{
	bool told, ends = false, bytes = false;
	__u32 meaning;
	struct life *life;
	__u64 skb;

	skb = scratch->argument;
	meaning = scratch->meaning;
	told = !scratch->quiet;
	life = life_of(skb);
	if (!life)
		return 0;
	enter(regs, skb, life);
	if (life->phase == LIFE_OVER &&
	    (meaning == MEANS_HEAD_STATE || meaning == MEANS_DATA || meaning == MEANS_STOLEN))
		return 0;
	if (meaning == MEANS_HEAD_STATE) {
		/* Of a packet whose data is another's now it is the last step. */
		ends = life->phase == LIFE_STOLEN;
		bytes = !ends;
		life->phase = LIFE_HEAD_STATE;
	} else if (meaning == MEANS_DATA) {
		/* Alone it is of a packet that gets other data (pskb_expand_head). */
		ends = life->phase == LIFE_HEAD_STATE;
		if (ends)
			life->phase = LIFE_OVER;
	} else if (meaning == MEANS_FINAL) {
		ends = told || life->phase != LIFE_OVER;
	} else if (meaning == MEANS_STOLEN) {
		life->phase = LIFE_STOLEN;
	} else {
		bytes = life->phase == LIFE_ALIVE;
	}
	if (told || ends)
		tell(regs, scratch, life, skb, (told ? 0 : SECTION_QUIET) | (ends ? SECTION_ENDS : 0), bytes);
	if (meaning == MEANS_FINAL) {
		forget(skb);
	} else if (meaning == MEANS_RESHAPE) {
		life->flags |= LIFE_RESHAPED;
		if (config.xdp)
			note_reshaped(scratch, skb);
	}
	return 0;
}

/* A function without a packet, while one with a followed packet runs that called it. */
SEC("kprobe") int bystander(struct pt_regs *regs)
{
	struct scratch *scratch = scratch_of(SCRATCH_OF_PROBES);
	struct life *life;
	__u64 skb;

	if (!scratch || active == GO_ON_PAUSED)
		return 0;
	life = life_around(regs, &skb);
	if (life)
		tell(regs, scratch, life, skb, 0, life->phase == LIFE_ALIVE);
	return 0;
}

/* Whether `to` is a packet that lives already, and not memory that is about to become one. */
static __always_inline bool lives_already(struct life *life, __u64 skb)
{
	__u64 head, data;

	if (!life || life->phase == LIFE_OVER || life->head == 0)
		return false;
	read_buffer((void *)skb, &head, &data);
	return head == life->head;
}

/* (to, from): one packet is made from another. The first is not filled yet. */
WORK(copy)
{
	struct life *parent, *child;
	struct report *report;
	__u64 to, from;
	bool quiet, again;

	to = scratch->argument;
	from = scratch->from;
	quiet = scratch->quiet;
	if (!is_skb_address(to))
		return 0;
	child = life_of(to);
	parent = life_at(from);
	if (!parent || parent->phase == LIFE_OVER || parent->flags & LIFE_ASIDE) {
		if (child && !lives_already(child, to))
			forget(to);
		return 0;
	}
	/* One copying function calls another (__skb_clone, __copy_skb_header). */
	again = child && child->parent == parent->id && child->head == 0 && child->phase == LIFE_ALIVE;
	if (again) {
		if (quiet)
			return 0;
	} else if (lives_already(child, to)) {
		/* A segment that was a packet before, and gets its headers anew. */
		if (child->parent == parent->id || child->id == parent->id)
			return 0;
		child->phase = LIFE_ALIVE;
		child->parent = parent->id;
		child->flags |= parent->flags & LIFE_LEFT_OUT;
		child->sent &= ~SECTION_BEGIN;
	} else {
		struct life *fresh = new_life(scratch, parent->generation);

		fresh->parent = parent->id;
		fresh->flags = parent->flags & LIFE_LEFT_OUT;
		child = begin(to, fresh, child != 0);
		if (!child) {
			count_untracked(bpf_get_smp_processor_id());
			return 0;
		}
		if (config.xdp)
			note_reshaped(scratch, to);
	}
	if (child->flags & LIFE_LEFT_OUT)
		return 0;
	report = new_report(scratch, to);
	report->kind = again ? EVENT_STEP : EVENT_COPY;
	report->sections = quiet ? SECTION_QUIET : 0;
	report->place = probed_address(regs);
	report->length = READ(sk_buff, (struct sk_buff *)from, len);
	/* As long as the copy is mere memory its device is not known; the next event tells it. */
	if (!again)
		child->sent |= SECTION_DEVICE;
	add_extras(scratch, regs);
	emit(scratch, child);
	if (!again)
		child->sent &= ~SECTION_DEVICE;
	return 0;
}

/* (into, from): one packet is put into another; a step of both. */
WORK(merge)
{
	struct life *life, *into;
	struct report *report;
	__u64 from;
	bool quiet;

	from = scratch->from;
	quiet = scratch->quiet;
	into = life_at(scratch->argument);
	if (into && !quiet)
		tell(regs, scratch, into, scratch->argument, 0, into->phase == LIFE_ALIVE);
	life = life_at(from);
	if (!life || life->flags & LIFE_LEFT_OUT)
		return 0;
	report = new_report(scratch, from);
	report->kind = EVENT_MERGE;
	report->sections = SECTION_MERGE | (quiet || life->flags & LIFE_ASIDE ? SECTION_QUIET : 0);
	report->place = probed_address(regs);
	report->value = into ? into->id : 0;
	report->length = READ(sk_buff, (struct sk_buff *)from, len);
	add_extras(scratch, regs);
	emit(scratch, life);
	return 0;
}

/* TP_PROTO(skb, location[, reason[, …]]) in include/trace/events/skb.h */
SEC("raw_tp/kfree_skb") int skb_drop(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 skb = ctx->args[0];
	struct scratch *scratch = scratch_of(SCRATCH_OF_DROPS);
	struct life *life = active == GO_ON_PAUSED ? 0 : life_at(skb);
	struct report *report;
	__u32 reason = 0;

	if (!scratch || !life || life->flags & LIFE_LEFT_OUT)
		return 0;
	if (!read_packet((void *)skb, &scratch->packet) || !is_same(life, &scratch->packet))
		return 0;
	report = new_report(scratch, skb);
	report->kind = EVENT_DROP;
	/* Of what is not shown any more, how it ended is told. */
	report->sections = SECTION_DROP | (life->flags & LIFE_ASIDE ? SECTION_QUIET : 0);
	report->place = ctx->args[1];
	/*
	 * The verifier wants constant offsets, and none beyond the running kernel's arguments; the barriers keep
	 * the compiler from computing the address first.
	 */
	if (config.reason_argument == 2) {
		reason = ctx->args[2];
		barrier_var(reason);
	} else if (config.reason_argument == 3) {
		reason = ctx->args[3];
		barrier_var(reason);
	}
	report->value = reason;
	report->bytes = life->phase == LIFE_ALIVE;
	read_report(scratch);
	add_extras_of_drop();
	return emit(scratch, life);
}
