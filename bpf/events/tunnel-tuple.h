/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and ports of the packet inside of a tunnel's packet. */
#pragma once
#include "events/event.h"
#include "events/scratch.h"
#include "packet/packet.h"
#include "packet/tunnel.h"
#include "packet/tuple.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

/* Returns whether there is a section: not where the packet has none inside. */
__attribute__((noinline)) int put_tunnel(__u32 which)
{
	struct scratch *scratch = config.extras & EXTRA_TUNNEL ? scratch_of(which) : 0;
	struct tunnel_section *to;
	struct packet *inner;
	struct tuple *tuple;
	__u64 data, paged, found;
	__s64 linear, at;
	__u32 start;

	if (!scratch)
		return 0;
	inner = &scratch->inner;
	tuple = &scratch->inner_tuple;
	*inner = scratch->packet;
	if (!inner->has_network)
		return 0;
	start = inner->network;
	data = inner->head + start;
	linear = (__s64)inner->tail - start;
	paged = linear < (__s64)inner->len + inner->data - start ? scratch->report.skb : 0;
	found = inner_packet(data, linear, paged, false);
	if (!found)
		return 0;
	at = inner_offset(found);
	if (inner_is_ethernet(found))
		at = network_header(data, linear, paged, at);
	if (at < 0)
		return 0;
	inner->network = start + at;
	read_tuple(inner, 0, tuple);
	if (!(tuple->protocol.flags & (TUPLE_IPV4 | TUPLE_IPV6)))
		return 0;
	to = section(scratch, sizeof(*to));
	to->protocol = tuple->protocol;
	to->ip = tuple->ip;
	return 1;
}
