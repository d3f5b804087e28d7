/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a packet behind its linear part: in page fragments, and in the packets that frag_list chains to
 * it. Rarely asked for, so out of line, and as global functions, which the verifier looks at once by themselves.
 */
#pragma once
#include "filter/filter-config.h"
#include "kernel.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Of a packet and of each that is chained to it: MAX_SKB_FRAGS is 17, and 45 at most. */
#define MAX_FRAGMENTS 45
/* As many as GRO chains (NAPI_GRO_CB(p)->count), and IP fragments of a packet of 64 KB. */
#define MAX_CHAINED 64

/*
 * A run of bytes: its address, with how many bytes of it are readable (15 at most) in place of the upper four
 * bits, which are ones in every kernel address.
 */
#define RUN_SHIFT 60
#define RUN_MAX 15

static __always_inline __u64 run_of(__u64 address, __u64 bytes)
{
	return (bytes < RUN_MAX ? bytes : RUN_MAX) << RUN_SHIFT | (address & ~((__u64)RUN_MAX << RUN_SHIFT));
}

static __always_inline __u64 run_address(__u64 run)
{
	return run | (__u64)RUN_MAX << RUN_SHIFT;
}

static __always_inline __u64 run_bytes(__u64 run)
{
	return run >> RUN_SHIFT;
}

#if defined(__TARGET_ARCH_x86)
#define PAGE_BYTES 4096
/* arch/x86/include/asm: without CONFIG_DYNAMIC_MEMORY_LAYOUT */
#define FIXED_VMEMMAP_BASE 0xffffea0000000000
#define FIXED_PAGE_OFFSET_BASE 0xffff888000000000

static __always_inline __u64 kernel_variable(__u64 address, __u64 otherwise)
{
	__u64 value = otherwise;

	if (address)
		bpf_probe_read_kernel(&value, sizeof(value), (const void *)address);
	return value;
}

/* 0: not known */
static __always_inline __u64 address_of_page(__u64 page)
{
	__u64 pages = kernel_variable(filter_config.vmemmap_base, FIXED_VMEMMAP_BASE);
	__u64 bytes = kernel_variable(filter_config.page_offset_base, FIXED_PAGE_OFFSET_BASE);

	return bytes + (page - pages) / bpf_core_type_size(struct page) * PAGE_BYTES;
}
#else
/* 0: not known */
static __always_inline __u64 address_of_page(__u64 page)
{
	if (!filter_config.page_bytes)
		return 0;
	return filter_config.page_offset_base +
	       (page - filter_config.vmemmap_base) / bpf_core_type_size(struct page) * filter_config.page_bytes;
}
#endif

/*
 * The run at a position of a packet's page fragments. Where they end before it: the position less their bytes,
 * a run of 0 bytes. What is not the kernel's memory (devmem) is a run of 0 bytes too, at RUN_UNREADABLE.
 */
#define RUN_UNREADABLE (((__u64)1 << RUN_SHIFT) - 1)

__attribute__((noinline)) __u64 fragment_run(__u64 shared_info, __u64 position)
{
	const struct skb_shared_info *shared = (const void *)shared_info;
	__u64 fragments = shared_info + bpf_core_field_offset(shared->frags);
	__u32 count = BPF_CORE_READ(shared, nr_frags);
	struct fragment fragment;
	__u64 address;

	for (__u32 i = 0; i < MAX_FRAGMENTS; i++) {
		if (i >= count)
			return position;
		if (bpf_probe_read_kernel(&fragment, sizeof(fragment), (const void *)fragments))
			return RUN_UNREADABLE;
		if (position < fragment.bytes) {
			address = fragment.page & FRAGMENT_IS_NO_PAGE ? 0 : address_of_page(fragment.page);
			if (!address)
				return RUN_UNREADABLE;
			return run_of(address + fragment.offset + position, fragment.bytes - position);
		}
		position -= fragment.bytes;
		fragments += sizeof(fragment);
	}
	return RUN_UNREADABLE;
}

static __always_inline __u64 shared_info_of(const struct sk_buff *skb)
{
	return (__u64)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end);
}

/*
 * The run at a position that counts from the end of the packet's linear part and is negative within it.
 * 0 bytes: there are none, or they are not readable.
 */
__attribute__((noinline)) __u64 packet_run(__u64 packet, __u64 position)
{
	const struct sk_buff *skb = (const void *)packet;
	const struct sk_buff *chained;
	__u64 run, shared, linear;

	if ((__s64)packet >= 0)
		return 0;
	if ((__s64)position < 0)
		return run_of((__u64)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, tail) + position, -position);
	shared = shared_info_of(skb);
	run = fragment_run(shared, position);
	chained = BPF_CORE_READ((const struct skb_shared_info *)shared, frag_list);
	for (int i = 0; i < MAX_CHAINED; i++) {
		if (run_bytes(run) || run == RUN_UNREADABLE || (__s64)chained >= 0)
			break;
		linear = BPF_CORE_READ(chained, len) - BPF_CORE_READ(chained, data_len);
		if (run < linear)
			return run_of((__u64)BPF_CORE_READ(chained, data) + run, linear - run);
		run = fragment_run(shared_info_of(chained), run - linear);
		chained = BPF_CORE_READ(chained, next);
	}
	return run_bytes(run) ? run : 0;
}

/*
 * Up to four bytes at such a position, in memory's order in the low half; how many they are, in the upper half.
 * The filter functions call it.
 */
__attribute__((noinline)) __u64 packet_word(__u64 packet, __u64 position)
{
	__u64 word = 0;
	__u64 count = 0;

	for (int i = 0; i < 4; i++) {
		__u64 run = packet_run(packet, position + count);
		__u64 bytes = run_bytes(run);
		__u64 part = 0;

		if (!bytes)
			break;
		if (bytes > 4 - count)
			bytes = 4 - count;
		/* The verifier needs to be shown what the compiler knows. */
		barrier_var(bytes);
		if (bpf_probe_read_kernel(&part, bytes & 7, (const void *)run_address(run)))
			break;
		word |= part << (8 * count & 31);
		count += bytes;
		if (count >= 4)
			break;
	}
	return count << 32 | (__u32)word;
}
