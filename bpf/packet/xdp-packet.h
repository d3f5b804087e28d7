/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet that XDP gets: no skb, but memory with an Ethernet header in it. */
#pragma once
#include "filter/conditions.h"
#include "filter/filter-config.h"
#include "filter/filter-view.h"
#include "kernel.h"
#include "packet/device.h"
#include "packet/packet.h"
#include "packet/protocols.h"
#include "packet/tuple.h"
#include "read.h"
#include <bpf/bpf_endian.h>

struct vlan_header {
	__be16 tag;
	__be16 type;
};

/* Beyond its linear part nothing is known of it. False: it is shorter than an Ethernet header. */
static __always_inline bool read_xdp_packet(const struct xdp_buff *xdp, struct packet *packet, __be16 *protocol)
{
	__u64 head = (__u64)READ(xdp_buff, xdp, data_hard_start);
	__u64 data = (__u64)READ(xdp_buff, xdp, data);
	__u64 end = (__u64)READ(xdp_buff, xdp, data_end);
	__be16 type __attribute__((aligned(8))) = 0;
	struct vlan_header vlan __attribute__((aligned(8)));

	if (!is_kernel_pointer(head) || data < head || end < data + ETHERNET_HEADER_BYTES ||
	    end - head > MAX_HEAD_BYTES)
		return false;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->head = head;
	packet->data = data - head;
	packet->tail = end - head;
	packet->len = end - data;
	packet->mac = packet->data;
	packet->has_mac = true;
	packet->network = packet->mac + ETHERNET_HEADER_BYTES;
	packet->has_network = true;
	read_bytes(packet, &type, sizeof(type), packet->mac + 12);
	if ((type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD)) &&
	    read_bytes(packet, &vlan, sizeof(vlan), packet->network)) {
		type = vlan.type;
		packet->network += sizeof(vlan);
	}
	*protocol = type;
	return true;
}

/* The user's expression, linked in by the agent as skb_expression is. */
extern int xdp_expression(__u64 xdp);

/* It has no mark yet. An expression on skbs rules it out, unless there is one for it. */
static __always_inline bool xdp_meets_conditions(const struct net_device *dev)
{
	if ((conditions.expression && !conditions.xdp_expression) || (conditions.mark_mask && conditions.mark))
		return false;
	if (conditions.ifindex && (__u32)READ(net_device, dev, ifindex) != conditions.ifindex)
		return false;
	return !conditions.netns || netns_of_device(dev) == conditions.netns;
}

static __always_inline bool xdp_matches_filter(const struct packet *packet, const struct net_device *dev)
{
	const struct view view = {
		.l2 = true,
		.data = packet->head + packet->data,
		.linear = packet->len,
		.length = packet->len,
		.link = filter_config.reads_link ? (__u32)READ(net_device, dev, ifindex) : 0, /* PACKET_HOST is 0 */
	};

	return matches_view(&view);
}
