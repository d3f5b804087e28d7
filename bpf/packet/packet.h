/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a packet's headers are in its sk_buff. */
#pragma once
#include "kernel.h"
#include "read.h"
#include "trace-config.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MAC_HEADER_UNSET 0xffff
#define ETHERNET_HEADER_BYTES 14
/* Bigger than any skb head (kmalloc's limit): an offset beyond it is not one. */
#define MAX_HEAD_BYTES (1u << 24)

struct packet {
	__u64 head;
	/* Offsets from head. */
	__u32 data;
	__u32 tail;
	__u32 mac;
	__u32 network;
	/* From data to the end, paged bytes included. */
	__u32 len;
	bool has_mac;
	bool has_network;
};

static __always_inline bool is_kernel_pointer(__u64 address)
{
	return (__s64)address < 0;
}

/*
 * head and data are pointers to the verifier when they are loaded as members, and the filter wants numbers. They
 * are neighbours in every kernel so far: one read.
 */
static __always_inline void read_buffer(const struct sk_buff *skb, __u64 *head, __u64 *data)
{
	__u64 both[2] = {};

	if (config.direct_reads) {
		read_directly(head, (__u64)skb + bpf_core_field_offset(skb->head), sizeof(*head));
		read_directly(data, (__u64)skb + bpf_core_field_offset(skb->data), sizeof(*data));
		return;
	}
	if (bpf_core_field_offset(skb->data) == bpf_core_field_offset(skb->head) + sizeof(*head)) {
		bpf_probe_read_kernel(both, sizeof(both), __builtin_preserve_access_index(&skb->head));
		*head = both[0];
		*data = both[1];
	} else {
		*head = (__u64)BPF_CORE_READ(skb, head);
		*data = (__u64)BPF_CORE_READ(skb, data);
	}
}

/*
 * Reads the offsets of an sk_buff. False: this is none. The compiler's partial clones (.isra, .constprop) may
 * have moved the arguments, and then the register holds anything.
 */
static __always_inline bool read_packet(const struct sk_buff *skb, struct packet *packet)
{
	__u64 head, data;
	__u32 end;
	__u16 mac, network;

	if (!is_kernel_pointer((__u64)skb) || ((__u64)skb & 7))
		return false;
	read_buffer(skb, &head, &data);
	if (!is_kernel_pointer(head) || data < head)
		return false;
	end = READ(sk_buff, skb, end);
	packet->tail = READ(sk_buff, skb, tail);
	if (end > MAX_HEAD_BYTES || packet->tail > end || data - head > end)
		return false;
	mac = READ(sk_buff, skb, mac_header);
	network = READ(sk_buff, skb, network_header);
	packet->head = head;
	packet->data = data - head;
	packet->len = READ(sk_buff, skb, len);
	packet->mac = mac;
	packet->network = network;
	/* There is headroom before every header: offset 0 is that of a new, cleared sk_buff. */
	packet->has_mac = mac != MAC_HEADER_UNSET && mac != 0;
	packet->has_network = network != 0;
	/* Between eth_type_trans and __netif_receive_skb_core data is the only sign of the network header. */
	if (!packet->has_network && packet->has_mac) {
		packet->network = packet->data > mac ? packet->data : mac + ETHERNET_HEADER_BYTES;
		packet->has_network = true;
	}
	return true;
}
