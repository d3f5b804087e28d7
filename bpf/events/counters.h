/* SPDX-License-Identifier: GPL-2.0-only */
/* What did not become an event, counted where it happened; the agent maps these counters. */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

enum counter_limit {
	/* A power of two; on a bigger machine CPUs share counters, and the sums stay right. */
	COUNTER_CPUS = 1024,
	/* A power of two, several times the skbs that are followed at once. */
	FOLLOWED_SLOTS = 1 << 16,
};

struct cpu_counters {
	__u64 lost; /* events that found the ring buffer full */
	/* As much of it as an event has told about. */
	__u64 told;
	/* Packets that matched and could not be followed: the map of lives was full or busy. Their events have life 0. */
	__u64 untracked;
} __attribute__((aligned(64)));

struct counters {
	struct cpu_counters cpus[COUNTER_CPUS];
	/* How many followed skbs have an address of this hash: where it is 0 no map needs to be asked. */
	__u32 followed[FOLLOWED_SLOTS];
};

/* The only variable of .bss: the agent reads it at offset 0. */
struct counters counters;

static __always_inline struct cpu_counters *counters_of(__u32 cpu)
{
	return &counters.cpus[cpu & (COUNTER_CPUS - 1)];
}

/* Adding is atomic: an interrupt's program can run in the middle of this one. */
static __always_inline void count_lost(__u32 cpu)
{
	__sync_fetch_and_add(&counters_of(cpu)->lost, 1);
}

static __always_inline void count_untracked(__u32 cpu)
{
	__sync_fetch_and_add(&counters_of(cpu)->untracked, 1);
}
