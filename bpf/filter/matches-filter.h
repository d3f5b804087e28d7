/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the user's filter wants a packet of the kernel. */
#pragma once
#include "filter/filter-config.h"
#include "filter/filter-view.h"
#include "kernel.h"
#include "packet/packet.h"
#include "packet/protocols.h"
#include "read.h"
#include "trace-config.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETHERNET_TYPE_AT 12
#define VLAN_TAG_BYTES 4
#define PACKET_OUTGOING 4 /* include/uapi/linux/if_packet.h */

/* A VLAN tag that the kernel keeps outside of the packet, bits 40 and 48 up of the filter's argument `link`. */
static __always_inline __u64 vlan_of(const struct sk_buff *skb)
{
	bool present = bpf_core_field_exists(skb->vlan_present) ?
			       BPF_CORE_READ_BITFIELD_PROBED(skb, vlan_present) :
			       READ(sk_buff, skb, vlan_all) != 0;

	return (__u64)present << 40 | (__u64)READ(sk_buff, skb, vlan_tci) << 48;
}

/*
 * What `ifindex`, `inbound`, `outbound` and `vlan` ask for: the interface's index, from bit 32 the packet type,
 * and the tag. The kernel sets PACKET_OUTGOING only on the copies that packet sockets get. Here it is what has
 * come in through no interface: neither noted by __netif_receive_skb_core, nor stripped of its link header by a
 * driver on the way there.
 */
static __always_inline __u64 link_of(const struct sk_buff *skb, const struct packet *packet)
{
	const struct net_device *dev = READ(sk_buff, skb, dev);
	bool received = READ(sk_buff, skb, skb_iif) != 0 || (packet->has_mac && packet->data > packet->mac);
	__u64 type = received ? BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type) : PACKET_OUTGOING;
	__u32 ifindex = is_kernel_pointer((__u64)dev) ? READ(net_device, dev, ifindex) : 0;

	return vlan_of(skb) | type << 32 | ifindex;
}

static __always_inline bool is_vlan_tag(const struct packet *packet, __u32 offset)
{
	__u64 type = 0;

	if (config.direct_reads)
		read_directly(&type, packet->head + offset, 2);
	else
		bpf_probe_read_kernel(&type, 2, (const void *)(packet->head + offset));
	return (__u16)type == bpf_htons(ETH_P_8021Q) || (__u16)type == bpf_htons(ETH_P_8021AD);
}

/* Not inlined: its stack would count while the filter runs. */
static __noinline int has_vlan_tags(const struct packet *packet, __u32 bytes)
{
	if (!is_vlan_tag(packet, packet->mac + ETHERNET_TYPE_AT))
		return 0;
	return bytes == VLAN_TAG_BYTES || is_vlan_tag(packet, packet->mac + ETHERNET_TYPE_AT + VLAN_TAG_BYTES);
}

/*
 * Whether an Ethernet header, with one or two VLAN tags or without, is what stands in front of the network header.
 * Other link headers have other lengths (IPoIB 24 bytes, 802.11 32 and more), and so has what a tunnel's device shows
 * in place of one: the outer IP header (skb_pop_mac_header of GRE, ipip6_rcv).
 */
static __always_inline bool has_ethernet_header(const struct packet *packet)
{
	__u32 bytes = packet->network - packet->mac;

	if (!packet->has_mac)
		return false;
	if (bytes == ETHERNET_HEADER_BYTES)
		return true;
	bytes -= ETHERNET_HEADER_BYTES;
	return (bytes == VLAN_TAG_BYTES || bytes == 2 * VLAN_TAG_BYTES) && has_vlan_tags(packet, bytes);
}

/*
 * The Ethernet view where there is an Ethernet header before the network header, else the IP view: a tunnel's
 * packet has mac_header at or behind its network header, or far before it. No header yet: no match.
 */
static __always_inline bool matches_filter(const struct sk_buff *skb, const struct packet *packet)
{
	bool l2 = has_ethernet_header(packet);
	__u32 start = l2 ? packet->mac : packet->network;
	struct view view = {
		.l2 = l2,
		.data = packet->head + start,
		.linear = (__s64)packet->tail - start,
		.length = (__s64)packet->len + packet->data - start,
	};

	if (!packet->has_network || view.length <= 0)
		return false;
	view.paged = view.linear < view.length ? (__u64)skb : 0;
	view.link = filter_config.reads_link ? link_of(skb, packet) : 0;
	return matches_view(&view);
}
