// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts how often functions are called, without a look at their packets. The agent puts the functions into the map
 * that are to be counted, by the low half of the address that a program sees, and attaches one of the two programs to
 * them; it loads no other.
 */
#include "kernel.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as functions: set before it is loaded */
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline int count(__u64 address)
{
	__u32 key = address;
	__u64 *counted = bpf_map_lookup_elem(&hits, &key);

	if (counted)
		__sync_fetch_and_add(counted, 1);
	return 0;
}

SEC("kprobe") int count_kprobe(struct pt_regs *regs)
{
	return count(PROBED_ADDRESS(regs));
}

SEC("kprobe") int count_kprobe_multi(struct pt_regs *regs)
{
	return count(bpf_get_func_ip(regs));
}
