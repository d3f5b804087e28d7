/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the packet inside of a tunnel's packet begins: VXLAN, Geneve, GRE, IP in IP. Of tunnels in tunnels the
 * outermost. Global functions, for filters that ask: the others' programs have no call of them left.
 */
#pragma once
#include "packet/paged-bytes.h"
#include "packet/protocols.h"
#include "types.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define UDP_HEADER_BYTES 8
#define VXLAN_PORT 4789
/* What Linux takes where nobody says another. */
#define VXLAN_OLD_PORT 8472
#define GENEVE_PORT 6081
/* Both: VXLAN's, and Geneve's without options. */
#define TUNNEL_HEADER_BYTES 8
#define VXLAN_HAS_ID 0x08
#define GENEVE_VERSION 0xc0
#define GENEVE_OPTION_WORDS 0x3f

#define GRE_HEADER_BYTES 4
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 0x0007

/* Tags before the header that counts. */
#define MAX_VLAN_TAGS 2

/* `size` bytes of a packet as a number; −1 where they cannot be read. The arguments are those of the filter. */
static __always_inline __s64 number_at(__u64 data, __s64 linear, __u64 paged, __s64 offset, __u32 size)
{
	__u32 word = 0;
	__u64 found;

	if (offset + size <= linear) {
		if (bpf_probe_read_kernel(&word, size, (const void *)(data + offset)))
			return -1;
	} else {
		found = packet_word(paged, offset - linear);
		if (found >> 32 < size)
			return -1;
		word = found;
	}
	return bpf_ntohl(word) >> (32 - 8 * size);
}

/* The offset of the IP header of an Ethernet packet, behind VLAN tags; −1: it has none. */
__attribute__((noinline)) __s64 network_header(__u64 data, __s64 linear, __u64 paged, __s64 ethernet)
{
	__s64 at = ethernet + 12;
	__s64 type;

	for (int i = 0; i <= MAX_VLAN_TAGS; i++) {
		type = number_at(data, linear, paged, at, 2);
		at += 2;
		if (type == ETH_P_IP || type == ETH_P_IPV6)
			return at;
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			return -1;
		at += 2;
	}
	return -1;
}

/* What is behind an IP header: where, and its protocol in the lowest byte; 0: no header, or a later fragment. */
__attribute__((noinline)) __u64 transport_header(__u64 data, __s64 linear, __u64 paged, __s64 at)
{
	__s64 first = number_at(data, linear, paged, at, 1);
	__s64 word, next;

	if (first >> 4 == 4) {
		word = number_at(data, linear, paged, at + 6, 4);
		if (word < 0 || word >> 16 & IPV4_FRAGMENT_OFFSET)
			return 0;
		return (at + (first & 15) * 4) << 8 | (word & 0xff);
	}
	if (first >> 4 != 6)
		return 0;
	next = number_at(data, linear, paged, at + 6, 1);
	at += IPV6_HEADER_BYTES;
	for (int i = 0; i < IPV6_EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_FRAGMENT &&
		    next != IPPROTO_AH && next != IPPROTO_DSTOPTS)
			break;
		word = number_at(data, linear, paged, at, 4);
		if (word < 0)
			return 0;
		if (next == IPPROTO_FRAGMENT) {
			if (word & IPV6_FRAGMENT_OFFSET)
				return 0;
			at += 8;
		} else if (next == IPPROTO_AH) {
			at += ((word >> 16 & 0xff) + 2) * 4;
		} else {
			at += ((word >> 16 & 0xff) + 1) * 8;
		}
		next = word >> 24;
	}
	return next < 0 ? 0 : at << 8 | next;
}

/* What inner_packet found. */
#define INNER_ETHERNET 1

static __always_inline __s64 inner_offset(__u64 inner)
{
	return inner >> 1;
}

static __always_inline bool inner_is_ethernet(__u64 inner)
{
	return inner & INNER_ETHERNET;
}

static __always_inline __u64 inner_at(__s64 offset, bool ethernet)
{
	return (__u64)offset << 1 | (ethernet ? INNER_ETHERNET : 0);
}

/* By the EtherType that Geneve and GRE have for what they carry; 0: nothing that has an IP header. */
static __always_inline __u64 inner_of_type(__s64 offset, __s64 type)
{
	if (type == ETH_P_TEB)
		return inner_at(offset, true);
	return type == ETH_P_IP || type == ETH_P_IPV6 ? inner_at(offset, false) : 0;
}

static __always_inline __u64 inner_of_gre(__u64 data, __s64 linear, __u64 paged, __s64 at)
{
	__s64 header = number_at(data, linear, paged, at, 4);
	__s64 flags = header >> 16;

	if (header < 0 || flags & (GRE_VERSION | GRE_ROUTING))
		return 0;
	at += GRE_HEADER_BYTES;
	if (flags & GRE_CHECKSUM)
		at += 4;
	if (flags & GRE_KEY)
		at += 4;
	if (flags & GRE_SEQUENCE)
		at += 4;
	return inner_of_type(at, header & 0xffff);
}

static __always_inline __u64 inner_of_udp(__u64 data, __s64 linear, __u64 paged, __s64 at)
{
	__s64 port = number_at(data, linear, paged, at + 2, 2);
	__s64 header = number_at(data, linear, paged, at + UDP_HEADER_BYTES, 4);

	if (header < 0)
		return 0;
	at += UDP_HEADER_BYTES + TUNNEL_HEADER_BYTES;
	if (port == VXLAN_PORT || port == VXLAN_OLD_PORT)
		return header >> 24 & VXLAN_HAS_ID ? inner_at(at, true) : 0;
	if (port != GENEVE_PORT || header >> 24 & GENEVE_VERSION)
		return 0;
	return inner_of_type(at + (header >> 24 & GENEVE_OPTION_WORDS) * 4, header & 0xffff);
}

/*
 * The packet inside of a packet that begins with an Ethernet or an IP header: for inner_offset and
 * inner_is_ethernet; 0: there is none.
 */
__attribute__((noinline)) __u64 inner_packet(__u64 data, __s64 linear, __u64 paged, __u64 l2)
{
	__s64 network = l2 ? network_header(data, linear, paged, 0) : 0;
	__u64 transport;
	__s64 at;

	if (network < 0)
		return 0;
	transport = transport_header(data, linear, paged, network);
	at = transport >> 8;
	switch (transport & 0xff) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return inner_at(at, false);
	case IPPROTO_UDP:
		return inner_of_udp(data, linear, paged, at);
	case IPPROTO_GRE:
		return inner_of_gre(data, linear, paged, at);
	}
	return 0;
}
