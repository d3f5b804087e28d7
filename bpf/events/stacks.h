/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel functions that led to a hit. A stack is known by a hash of its frames, and they are sent once. The kernel's
 * own map of stacks keeps one for each of a few hashes: two that meet there lose one, and whoever reads it is late.
 */
#pragma once
#include "events/event.h"
#include "events/scratch.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* The editor has it as a number with a fraction of 52 bits. */
#define STACK_ID_BITS 52

/* Which stacks were sent. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the agent makes room where stacks are asked for */
	__type(key, __u64);
	__type(value, __u8);
} stacks SEC(".maps");

static __always_inline void read_stack(struct scratch *scratch, void *context)
{
	/* What is left of the memory it fills with zeroes. */
	long bytes = bpf_get_stack(context, scratch->stack, sizeof(scratch->stack), 0);

	scratch->frames = bytes > 0 ? (__u32)bytes / 8 : 0;
}

/* Returns whether there is a section. */
__attribute__((noinline)) int put_stack(__u32 which)
{
	struct scratch *scratch = config.extras & EXTRA_STACK ? scratch_of(which) : 0;
	__u64 id = 0xcbf29ce484222325; /* FNV-1a, of words */
	struct stack_section *to;
	__u32 bytes;

	if (!scratch || !scratch->frames)
		return 0;
	/* Of all that there can be: behind the last frame are zeroes, and the verifier sees one way through. */
	for (__u32 i = 0; i < STACK_FRAMES; i++) {
		id = (id ^ scratch->stack[i]) * 0x100000001b3;
		id ^= id >> 32;
		scratch->stack_low[i] = scratch->stack[i];
	}
	id = (id & (((__u64)1 << STACK_ID_BITS) - 1)) | 1;
	to = section(scratch, sizeof(*to));
	to->id_low = id;
	to->id_high = id >> 32;
	to->frames = 0;
	if (bpf_map_lookup_elem(&stacks, &id))
		return 1;
	bytes = scratch->frames * sizeof(__u32);
	barrier_var(bytes);
	if (bytes > sizeof(scratch->stack_low))
		return 1;
	to->frames = scratch->frames;
	bpf_probe_read_kernel(section(scratch, bytes), bytes, scratch->stack_low);
	scratch->stack_id = id;
	return 1;
}

/* The frames of the section before are in the ring buffer. */
static __always_inline void stack_sent(struct scratch *scratch)
{
	__u64 id = scratch->stack_id;
	__u8 sent = 1;

	if (id)
		bpf_map_update_elem(&stacks, &id, &sent, 0 /* BPF_ANY */);
}
