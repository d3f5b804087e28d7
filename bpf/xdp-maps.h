/* SPDX-License-Identifier: GPL-2.0-only */
/* Where packets are known that XDP has or had, and skbs that it may get (xdp.h). */
#pragma once
#include "events/life.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* The agent makes so much room when XDP is traced. */
enum xdp_limit { XDP_PACKETS = 4096, SKB_HEADS = 32768 };

/* While a program runs by the start of the packet's memory, behind it by its first byte. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct life);
} xdp_packets SEC(".maps");

/* Followed skbs by their heads. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} skb_heads SEC(".maps");
