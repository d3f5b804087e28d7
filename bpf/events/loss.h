/* SPDX-License-Identifier: GPL-2.0-only */
/* Events that found the ring buffer full, counted where they were lost; the agent maps these counters. */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

/* A power of two; on a bigger machine CPUs share counters, and the sum stays right. */
enum loss_limit { LOSS_CPUS = 1024 };

struct cpu_loss {
	__u64 total;
	/* Part of the total that a delivered event has told about. */
	__u64 told;
} __attribute__((aligned(64)));

/* The only variable of .bss: the agent reads it at offset 0. */
struct cpu_loss loss[LOSS_CPUS];

static __always_inline void count_lost(__u32 cpu)
{
	/* An interrupt's probe can run in the middle of this one. */
	__sync_fetch_and_add(&loss[cpu & (LOSS_CPUS - 1)].total, 1);
}

/* Events lost on this CPU since the last call. */
static __always_inline __u32 take_lost(__u32 cpu)
{
	struct cpu_loss *mine = &loss[cpu & (LOSS_CPUS - 1)];
	__u64 lost = mine->total - mine->told;

	if (lost)
		mine->told += lost;
	return lost;
}
