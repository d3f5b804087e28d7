/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a trace can ask events to tell besides. Nothing of it is in the programs of a trace that asks for nothing:
 * config.extras is a constant to the verifier, which removes what it rules out. It is put together by global functions,
 * which the verifier looks at once by themselves, and stands in the event before emit() adds the rest.
 */
#pragma once
#include "events/event.h"
#include "events/metadata.h"
#include "events/packet-bytes.h"
#include "events/scratch.h"
#include "events/stacks.h"
#include "events/tunnel-tuple.h"
#include "kernel.h"
#include "packet/paged-bytes.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Low 32 bits of where the probed function returns to; 0: not known. */
static __always_inline __u32 return_address(struct pt_regs *regs)
{
#ifdef RETURN_ADDRESS
	return RETURN_ADDRESS(regs);
#else
	__u64 address = 0;

	/* At the entry, and behind ftrace's call, nothing is on the stack but that. */
	bpf_probe_read_kernel(&address, sizeof(address), (const void *)STACK_POINTER(regs));
	return address;
#endif
}

/* Memory of the kernel; zeroes where it cannot be read. `bytes`: constant, a multiple of four. */
static __always_inline void put_memory(struct scratch *scratch, __u64 address, __u32 bytes)
{
	__u32 length = bytes > SECTION_BYTES ? SECTION_BYTES : bytes;
	struct memory_section *to = section(scratch, sizeof(*to));

	to->length = length;
	bpf_probe_read_kernel(section(scratch, length), length, (const void *)address);
}

/*
 * What an event told need not be told again, once it is in the ring buffer. That shows at the next one: emit() is walked
 * through by the verifier in a thousand ways, and what it did then would be in each.
 */
__attribute__((noinline)) int settle_extras(__u32 which)
{
	struct scratch *scratch = config.extras ? scratch_of(which) : 0;

	if (!scratch)
		return 0;
	if (!scratch->lost) {
		if (config.extras & EXTRA_STACK)
			stack_sent(scratch);
		if (config.extras & EXTRA_PACKET)
			packet_sent(scratch);
	}
	scratch->lost = false;
	scratch->stack_id = 0;
	scratch->packet_life = 0;
	return 0;
}

/*
 * Puts the section behind the header. Which parts there are is kept in memory, as in section(): the verifier need not
 * tell apart the ways to get there.
 */
__attribute__((noinline)) int put_extras(__u32 which)
{
	struct scratch *scratch = config.extras ? scratch_of(which) : 0;
	const struct sk_buff *skb;
	struct extras_section *to;
	bool readable, filled;

	if (!scratch || scratch->report.sections & SECTION_QUIET)
		return 0;
	settle_extras(which);
	skb = (const struct sk_buff *)scratch->report.skb;
	readable = scratch->report.bytes;
	/* Of a copy the skb is mere memory yet. */
	filled = scratch->report.kind != EVENT_COPY;
	scratch->used = sizeof(struct event_header);
	section(scratch, sizeof(*to));
	to = (struct extras_section *)(scratch->bytes + sizeof(struct event_header));
	to->extras = 0;
	if (config.extras & EXTRA_CALLER && scratch->caller) {
		struct caller_section *caller = section(scratch, sizeof(*caller));

		*(volatile __u16 *)&to->extras |= EXTRA_CALLER;
		caller->address = scratch->caller;
	}
	if (config.extras & EXTRA_STACK && put_stack(which))
		*(volatile __u16 *)&to->extras |= EXTRA_STACK;
	if (config.extras & EXTRA_PACKET && readable && put_packet(which))
		*(volatile __u16 *)&to->extras |= EXTRA_PACKET;
	if (config.extras & EXTRA_SKB && filled) {
		*(volatile __u16 *)&to->extras |= EXTRA_SKB;
		put_memory(scratch, (__u64)skb, bpf_core_type_size(struct sk_buff));
	}
	if (config.extras & EXTRA_SHARED_INFO && readable) {
		*(volatile __u16 *)&to->extras |= EXTRA_SHARED_INFO;
		put_memory(scratch, shared_info_of(skb), bpf_core_type_size(struct skb_shared_info));
	}
	if (config.extras & EXTRA_CB && filled) {
		*(volatile __u16 *)&to->extras |= EXTRA_CB;
		put_memory(scratch, (__u64)skb + bpf_core_field_offset(skb->cb), bpf_core_field_size(skb->cb));
	}
	if (config.extras & EXTRA_TUNNEL && readable && put_tunnel(which))
		*(volatile __u16 *)&to->extras |= EXTRA_TUNNEL;
	if (config.extras & EXTRA_METADATA && config.skb_metadata && filled) {
		*(volatile __u16 *)&to->extras |= EXTRA_METADATA;
		put_metadata(scratch, (__u64)skb, false, config.skb_metadata);
	}
	to->length = *(volatile __u32 *)&scratch->used - sizeof(struct event_header);
	scratch->report.extras_bytes = to->length;
	scratch->report.sections |= SECTION_EXTRAS;
	return 0;
}

/* To be called when the report is complete. */
static __always_inline void add_extras(struct scratch *scratch, struct pt_regs *regs)
{
	if (!config.extras)
		return;
	if (config.extras & EXTRA_CALLER)
		scratch->caller = return_address(regs);
	if (config.extras & EXTRA_STACK)
		read_stack(scratch, regs);
	put_extras(scratch->kind);
}

/* The tracepoint of drops has neither caller nor stack. */
static __always_inline void add_extras_of_drop(void)
{
	if (config.extras)
		put_extras(SCRATCH_OF_DROPS);
}
