// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the filter on packets that the agent puts into a map, by BPF_PROG_TEST_RUN: "would this filter catch that
 * packet?", answered by the very functions that a trace links in.
 */
#include "types.h"
#include "filter/filter-view.h"
#include "filter/match-packet.h"
#include <bpf/bpf_helpers.h>

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BATCH_PACKETS);
	__type(key, __u32);
	__type(value, struct match_packet);
} packets SEC(".maps");

struct batch_bytes {
	__u8 bytes[BATCH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct batch_bytes);
} bytes SEC(".maps");

/* The address that a pointer is, as a number to the verifier. */
static __always_inline __u64 address_of(const void *pointer)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

static __always_inline bool matches(const struct match_packet *packet, __u64 data)
{
	const struct view view = {
		.l2 = packet->layer == 2,
		.data = data,
		.linear = packet->captured,
		.length = packet->length,
		.link = packet->link,
	};

	return matches_view(&view);
}

SEC("raw_tp") int match_packets(void *ctx __attribute__((unused)))
{
	__u32 first = 0;
	const struct batch_bytes *batch = bpf_map_lookup_elem(&bytes, &first);
	__u64 address;

	if (!batch)
		return 0;
	address = address_of(batch);
	for (__u32 i = 0; i < BATCH_PACKETS; i++) {
		__u32 key = i;
		struct match_packet *packet = bpf_map_lookup_elem(&packets, &key);

		if (!packet || packet->layer == 0)
			break;
		packet->matches = matches(packet, address + packet->offset);
	}
	return 0;
}
