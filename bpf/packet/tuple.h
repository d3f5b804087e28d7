/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses, ports and TCP flags of an IP packet, read from the packet's linear bytes. */
#pragma once
#include "events/event.h"
#include "packet/packet.h"
#include "packet/protocols.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* What a packet says of itself. */
struct tuple {
	struct protocol_section protocol;
	struct ipv6_section ip __attribute__((aligned(8))); /* of IPv4 the first four bytes of each address */
};

struct ipv4_header {
	__u8 version_length;
	__u8 tos;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__u8 addresses[8];
};

struct tcp_header {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledgement;
	__u8 data_offset;
	__u8 flags;
};

/* Reads `size` bytes, a constant, at an offset from head to where it is aligned to 8; false where they are not in the linear part. */
static __always_inline bool read_bytes(const struct packet *packet, void *to, __u32 size, __u32 offset)
{
	if (offset + size > packet->tail)
		return false;
	if (config.direct_reads) {
		read_directly(to, packet->head + offset, size);
		return true;
	}
	return bpf_probe_read_kernel(to, size, (const void *)(packet->head + offset)) == 0;
}

static __always_inline void read_ports(const struct packet *packet, struct tuple *tuple, __u32 offset)
{
	struct tcp_header header __attribute__((aligned(8)));
	__u8 protocol = tuple->protocol.l4_protocol;

	if (protocol == IPPROTO_TCP) {
		if (!read_bytes(packet, &header, 14, offset))
			return;
		tuple->ip.tcp_flags = header.flags;
	} else if (protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE ||
		   protocol == IPPROTO_DCCP) {
		if (!read_bytes(packet, &header, 4, offset))
			return;
	} else {
		return;
	}
	tuple->ip.source_port = bpf_ntohs(header.source);
	tuple->ip.destination_port = bpf_ntohs(header.destination);
}

static __always_inline void read_ipv4(const struct packet *packet, struct tuple *tuple)
{
	struct ipv4_header ip __attribute__((aligned(8)));

	if (!read_bytes(packet, &ip, IPV4_HEADER_BYTES, packet->network))
		return;
	tuple->protocol.flags |= TUPLE_IPV4;
	tuple->protocol.l4_protocol = ip.protocol;
	__builtin_memcpy(tuple->ip.source, &ip.addresses[0], 4);
	__builtin_memcpy(tuple->ip.destination, &ip.addresses[4], 4);
	if (ip.fragment & bpf_htons(IPV4_FRAGMENT_OFFSET))
		tuple->protocol.flags |= TUPLE_FRAGMENT;
	else
		read_ports(packet, tuple, packet->network + (ip.version_length & 15) * 4);
}

static __always_inline void read_ipv6(const struct packet *packet, struct tuple *tuple)
{
	__u32 offset = packet->network + IPV6_HEADER_BYTES;
	__u8 extension[4] __attribute__((aligned(8)));
	__u8 next;

	if (!read_bytes(packet, extension, 4, packet->network + 4))
		return;
	next = extension[2];
	/* Both addresses at once: they are neighbours in the packet and in the event. */
	if (!read_bytes(packet, tuple->ip.source, 32, packet->network + 8))
		return;
	tuple->protocol.flags |= TUPLE_IPV6;
#pragma unroll
	for (int i = 0; i < IPV6_EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_FRAGMENT &&
		    next != IPPROTO_AH && next != IPPROTO_DSTOPTS)
			break;
		if (!read_bytes(packet, extension, 4, offset))
			break;
		if (next == IPPROTO_FRAGMENT) {
			offset += 8;
			if (((extension[2] << 8) | extension[3]) & IPV6_FRAGMENT_OFFSET) {
				tuple->protocol.l4_protocol = extension[0];
				tuple->protocol.flags |= TUPLE_FRAGMENT;
				return;
			}
		} else if (next == IPPROTO_AH) {
			offset += (extension[1] + 2) * 4;
		} else {
			offset += (extension[1] + 1) * 8;
		}
		next = extension[0];
	}
	tuple->protocol.l4_protocol = next;
	read_ports(packet, tuple, offset);
}

/*
 * Flags are 0 where the packet shows no IP header.
 * `protocol`: as in the skb, host byte order
 */
static __always_inline void read_tuple(const struct packet *packet, __u16 protocol, struct tuple *tuple)
{
	__u8 version;

	__builtin_memset(tuple, 0, sizeof(*tuple));
	tuple->protocol.protocol = protocol;
	if (!packet->has_network || !read_bytes(packet, &version, 1, packet->network))
		return;
	/* Not set yet on the way out before __ip_local_out. */
	if (protocol != 0 && protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		return;
	if (version >= 0x45 && version <= 0x4f)
		read_ipv4(packet, tuple);
	else if (version >> 4 == 6)
		read_ipv6(packet, tuple);
}
