/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose packet a function without one works for: that of the function with a followed packet that called it, directly
 * or through others. A hit of a followed packet leaves behind where on its kernel stack it was; a function that is hit
 * deeper on that stack belongs to it as long as the frame is still there, which the return address tells that the
 * caller pushed.
 *
 * Doubts. Of nested functions with different packets the last one counts, after its return too, until the stack was
 * left. An arm64 function saves its return address where it likes: there nothing is known.
 */
#pragma once
#include "events/life.h"
#include "kernel.h"
#include "read.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

enum frame_limit { FRAMES = 4096 };

/* A call with a followed packet. */
struct frame {
	__u64 stack;	      /* its stack pointer at entry, where the return address lies */
	__u64 return_address; /* 0: none is there any more */
	__u64 skb;
	__u32 life;
};

/* By stack. The agent makes room for FRAMES of them when there are bystanders. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct frame);
} frames SEC(".maps");

/* The number of a kernel stack: they are 16 KB and begin at a multiple of it (THREAD_SIZE, IRQ_STACK_SIZE). */
static __always_inline __u64 stack_of(__u64 pointer)
{
	return pointer >> 14;
}

static __always_inline __u64 return_address_at(__u64 pointer)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), (const void *)pointer);
	return address;
}

/* A function was hit with this packet, whose life it is. */
static __always_inline void enter(struct pt_regs *regs, __u64 skb, const struct life *life)
{
	__u64 pointer, stack;
	struct frame *known;

	if (!config.bystanders)
		return;
	pointer = STACK_POINTER(regs);
	stack = stack_of(pointer);
	known = bpf_map_lookup_elem(&frames, &stack);
	if (known) {
		known->stack = pointer;
		known->return_address = return_address_at(pointer);
		known->skb = skb;
		known->life = life->id;
	} else {
		struct frame frame = {
			.stack = pointer,
			.return_address = return_address_at(pointer),
			.skb = skb,
			.life = life->id,
		};

		bpf_map_update_elem(&frames, &stack, &frame, 0 /* BPF_ANY */);
	}
}

/* A function was hit with a packet that is not followed: the frame of an earlier one that lay here is gone. */
static __always_inline void enter_unfollowed(struct pt_regs *regs)
{
	__u64 pointer, stack;
	struct frame *known;

	if (!config.bystanders)
		return;
	pointer = STACK_POINTER(regs);
	stack = stack_of(pointer);
	known = bpf_map_lookup_elem(&frames, &stack);
	if (known && known->stack <= pointer)
		known->return_address = 0;
}

/* The life that a function without a packet works for, and the address of its packet. */
static __always_inline struct life *life_around(struct pt_regs *regs, __u64 *skb)
{
	__u64 pointer = STACK_POINTER(regs);
	__u64 stack = stack_of(pointer);
	const struct frame *frame = bpf_map_lookup_elem(&frames, &stack);
	struct life *life;

	if (!frame || !frame->return_address || frame->stack <= pointer ||
	    return_address_at(frame->stack) != frame->return_address)
		return 0;
	*skb = frame->skb;
	life = life_of(*skb);
	return life && life->id == frame->life ? life : 0;
}
