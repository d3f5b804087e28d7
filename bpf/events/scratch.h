/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a hit is worked on: 512 bytes of stack are too few, and how long an event becomes is only known when it is put
 * together.
 */
#pragma once
#include "events/counters.h"
#include "events/event.h"
#include "events/life.h"
#include "own-connections.h"
#include "packet/packet.h"
#include "packet/tuple.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* A power of two: more than all sections together. */
#define SCRATCH_BYTES 2048
/* The longest section. */
#define SECTION_BYTES 512

#define STACK_FRAMES 64

/* What is to be told of a hit. */
struct report {
	__u64 skb; /* of a packet that is none, in the hands of XDP, where its memory begins */
	__u64 xdp_device; /* of that its struct net_device; 0: it is an skb */
	__u32 place;
	__u16 kind;	/* enum event_kind */
	/* Those that do not depend on the life: SECTION_EXTRAS, _DROP, _MERGE, _VERDICT, _ENDS, _QUIET. */
	__u16 sections;
	__u32 value;	/* drop reason, life that it is merged into, or verdict */
	__u32 length;
	__u64 head; /* for a packet that could not be followed */
	__u32 extras_bytes; /* of SECTION_EXTRAS, which is in the event already */
	bool bytes; /* the packet's bytes and device may still be read */
	struct tuple tuple;
};

struct scratch {
	__u32 used;
	__u32 begun; /* lives that began on this CPU while this was where it was worked */
	__u32 kind;  /* enum scratch_of */
	__u64 owner; /* the hit that it was taken for (SCRATCH_OF_FENTRY); 0: it is free */
	/* What the probe's program found, for the one that it goes on in. */
	__u64 argument; /* the skb */
	__u64 from;	/* of two packets the second */
	__u64 reshaped; /* where XDP is traced: the skb that is a copy, or got another head, last on this CPU */
	__u32 meaning;	/* enum meaning */
	bool quiet;	/* the function was not asked for */
	struct packet packet;
	struct report report;
	struct life fresh; /* a life that may begin */
	struct connection connection;
	bool lost; /* an event, since sections were made */
	/* Of the hit, where it is asked for; the tracepoint of drops has neither. */
	__u32 caller; /* 0: it has none */
	__u32 frames;
	__u64 stack[STACK_FRAMES];
	__u32 stack_low[STACK_FRAMES];
	__u64 stack_id; /* that a section with its frames was made of; 0: none was */
	/* The packet inside of a tunnel's. */
	struct packet inner;
	struct tuple inner_tuple;
	__u64 packet_skb;  /* whose bytes a section was made of */
	__u32 packet_life; /* 0: of none */
	__u32 packet_hash;
	__u32 packet_copied; /* from behind the linear part */
	__u8 packet_bytes[2 * PACKET_BYTES] __attribute__((aligned(8)));
	__u8 bytes[SCRATCH_BYTES + SECTION_BYTES];
};

/*
 * The kernel keeps kprobe programs from interrupting each other on a CPU, but not from interrupting the one of the
 * tracepoint, nor that one them: each kind has its own. Those that trace BPF programs need one: packets are given to BPF
 * programs with bottom halves off, so that none of them interrupts another. Programs of a tracing-multi link it keeps
 * only from interrupting themselves: a softirq's can come upon those of a task, an interrupt's upon both, and a task can
 * be taken off the CPU in the middle of one. There a hit takes a scratch that is free.
 */
enum scratch_of {
	SCRATCH_OF_PROBES = 0,
	SCRATCH_OF_PROGRAMS,
	SCRATCH_OF_DROPS,
	/* As many as there are without tracing-multi links. */
	SCRATCHES,
	SCRATCH_OF_FENTRY = SCRATCHES,
	SCRATCHES_WITH_FENTRY = SCRATCH_OF_FENTRY + 4,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_of(__u32 kind)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &kind);

	if (scratch)
		scratch->kind = kind;
	return scratch;
}

#ifdef NO_KFUNCS
/* Never called: config.fentry_multi is 0 then. */
static __always_inline void bpf_preempt_disable(void) {}
static __always_inline void bpf_preempt_enable(void) {}
#else
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
#endif

/* For a hit, which its context names: it lies on the stack. Null: all are taken; the hit is counted as lost. */
static __always_inline struct scratch *take_scratch(void *context)
{
	if (!config.fentry_multi)
		return scratch_of(SCRATCH_OF_PROBES);
	for (__u32 kind = SCRATCH_OF_FENTRY; kind < SCRATCHES_WITH_FENTRY; kind++) {
		struct scratch *scratch = scratch_of(kind);
		bool is_free;

		if (!scratch)
			break;
		/* What interrupts gives back what it takes before this goes on; another task would not. */
		bpf_preempt_disable();
		is_free = *(volatile __u64 *)&scratch->owner == 0;
		if (is_free)
			*(volatile __u64 *)&scratch->owner = (__u64)context;
		bpf_preempt_enable();
		if (is_free)
			return scratch;
	}
	count_lost(bpf_get_smp_processor_id());
	return 0;
}

/* The one that was taken for this hit, in the program that it went on in. */
static __always_inline struct scratch *taken_scratch(void *context)
{
	if (!config.fentry_multi)
		return scratch_of(SCRATCH_OF_PROBES);
	for (__u32 kind = SCRATCH_OF_FENTRY; kind < SCRATCHES_WITH_FENTRY; kind++) {
		struct scratch *scratch = scratch_of(kind);

		if (scratch && *(volatile __u64 *)&scratch->owner == (__u64)context)
			return scratch;
	}
	return 0;
}

static __always_inline void give_back(struct scratch *scratch)
{
	if (config.fentry_multi)
		*(volatile __u64 *)&scratch->owner = 0;
}

/* For skb_of_head (xdp.h), which looks in one place. */
static __always_inline void note_reshaped(struct scratch *taken, __u64 skb)
{
	struct scratch *scratch = config.fentry_multi ? scratch_of(SCRATCH_OF_PROBES) : taken;

	if (scratch)
		scratch->reshaped = skb;
}

/*
 * Room for a section. The place is read from memory each time: so it is the same unknown number to the verifier
 * whichever sections came before, and it need not look at each combination of them.
 */
static __always_inline void *section(struct scratch *scratch, __u32 bytes)
{
	__u32 at = *(volatile __u32 *)&scratch->used & (SCRATCH_BYTES - 1);

	*(volatile __u32 *)&scratch->used = at + bytes;
	return scratch->bytes + at;
}
