// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes run: for each position of an sk_buff among a function's arguments, and for the kfree_skb
 * tracepoint, a program that goes on in the program of trace.bpf.c that has the filter in force. Another filter
 * takes other programs, in the other half of the tables, and one store to `active`; no probe is touched.
 */
#include "dispatch.h"
#include "events/events-map.h"
#include "events/loss.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2 * HALF);
	__type(key, __u32);
	__type(value, __u32);
} probe_programs SEC(".maps");

/* A table holds programs of one type. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} drop_programs SEC(".maps");

/* The half in force, 0 or 1. The only variable of its section: the agent maps it and writes it at offset 0. */
volatile __u32 active SEC(".data.active") = 0;

/* A call that does not return where it can be made. Where it cannot, nobody knows whether the packet matched. */
static __always_inline int go_on(void *context, void *programs, __u32 index)
{
	bpf_tail_call(context, programs, index);
	count_lost(bpf_get_smp_processor_id());
	return 0;
}

#define SKB_PROBE(position) \
	SEC("kprobe") int skb_argument_##position(void *regs) \
	{ \
		return go_on(regs, &probe_programs, active * HALF + (position)); \
	}

SKB_PROBE(1)
SKB_PROBE(2)
SKB_PROBE(3)
SKB_PROBE(4)
SKB_PROBE(5)

SEC("raw_tp/kfree_skb") int skb_drop(void *arguments)
{
	return go_on(arguments, &drop_programs, active);
}
