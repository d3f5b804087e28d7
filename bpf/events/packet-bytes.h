/* SPDX-License-Identifier: GPL-2.0-only */
/* The first bytes of a packet, from its link header on, or from its network header where it has none. */
#pragma once
#include "events/event.h"
#include "events/life.h"
#include "events/scratch.h"
#include "packet/packet.h"
#include "packet/paged-bytes.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* A longer one is none: mac_header was left where the packet was before. */
#define MAX_LINK_HEADER_BYTES 64

/*
 * Copies up to `length` bytes of a packet from behind its linear part, a run at a time, to `at` of packet_bytes. Returns
 * how many. How far it is stands in memory, as in section(): the verifier need not tell apart the ways to get there.
 */
__attribute__((noinline)) int copy_paged(__u32 which, __u32 at, __u32 position, __u32 length)
{
	struct scratch *scratch = config.extras & EXTRA_PACKET ? scratch_of(which) : 0;
	volatile __u32 *copied;

	if (!scratch)
		return 0;
	copied = &scratch->packet_copied;
	*copied = 0;
	for (int i = 0; i <= PACKET_BYTES / RUN_MAX; i++) {
		__u32 done = *copied;
		__u64 run, bytes;

		if (done >= length)
			break;
		run = packet_run(scratch->report.skb, (__u64)position + done);
		bytes = run_bytes(run);
		if (!bytes)
			break;
		if (bytes > length - done)
			bytes = length - done;
		barrier_var(bytes);
		if (bpf_probe_read_kernel(scratch->packet_bytes + ((at + done) & (PACKET_BYTES - 1)), bytes & RUN_MAX,
					  (const void *)run_address(run)))
			break;
		*copied = done + bytes;
	}
	return *copied;
}

/* Of all that there can be: behind the last byte are zeroes, and the verifier sees one way through. Never 0. */
__attribute__((noinline)) __u32 hash_packet(__u32 which, __u32 length)
{
	struct scratch *scratch = config.extras & EXTRA_PACKET ? scratch_of(which) : 0;
	__u32 hash = 0x811c9dc5 ^ length;
	const __u32 *words;

	if (!scratch)
		return 1;
	words = (const __u32 *)scratch->packet_bytes;
	for (__u32 i = 0; i < PACKET_BYTES / 4; i++) {
		hash = (hash ^ words[i]) * 0x01000193;
		hash ^= hash >> 15;
	}
	return hash | 1;
}

/* Returns whether there is a section: not where the packet has no header yet, nor where its bytes were sent. */
__attribute__((noinline)) int put_packet(__u32 which)
{
	struct scratch *scratch = config.extras & EXTRA_PACKET ? scratch_of(which) : 0;
	__u32 start, link, length, linear, hash, padded;
	const struct packet *packet;
	struct packet_section *to;
	struct life *life;
	__u32 *words;

	if (!scratch)
		return 0;
	packet = &scratch->packet;
	if (!packet->has_network)
		return 0;
	link = packet->has_mac ? packet->network - packet->mac : 0;
	if (link > MAX_LINK_HEADER_BYTES)
		link = 0;
	start = packet->network - link;
	if (start >= packet->data + packet->len)
		return 0;
	length = packet->data + packet->len - start;
	if (length > config.packet_bytes)
		length = config.packet_bytes;
	linear = packet->tail > start ? packet->tail - start : 0;
	if (linear > length)
		linear = length;
	barrier_var(linear);
	if (linear > PACKET_BYTES)
		return 0;
	words = (__u32 *)scratch->packet_bytes;
	__builtin_memset(words, 0, PACKET_BYTES);
	if (bpf_probe_read_kernel(words, linear, (const void *)(packet->head + start)))
		return 0;
	if (linear < length)
		length = linear + copy_paged(which, linear, packet->tail > start ? 0 : start - packet->tail,
					     length - linear);
	hash = hash_packet(which, length);
	life = life_of(scratch->report.skb);
	if (life && life->packet_hash == hash)
		return 0;
	scratch->packet_skb = scratch->report.skb;
	scratch->packet_life = life ? life->id : 0;
	scratch->packet_hash = hash;
	to = section(scratch, sizeof(*to));
	to->length = length;
	to->network = link;
	padded = (length + 3) & ~3u;
	barrier_var(padded);
	if (padded > PACKET_BYTES)
		return 1;
	bpf_probe_read_kernel(section(scratch, padded), padded, words);
	return 1;
}

/* The bytes of the section before are in the ring buffer. */
static __always_inline void packet_sent(struct scratch *scratch)
{
	struct life *life = scratch->packet_life ? life_of(scratch->packet_skb) : 0;

	if (life && life->id == scratch->packet_life)
		life->packet_hash = scratch->packet_hash;
}
