/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is no packet that anybody asked for. Packets of a connection that carries events of a trace: each event of
 * theirs would make more of them, until nothing else is in the ring buffer. Messages between sockets of this machine
 * (AF_UNIX, AF_NETLINK): they are skbs too, and many. Asked once, when a life begins, and of the first again when its
 * headers come or change.
 */
#pragma once
#include "events/event.h"
#include "events/scratch.h"
#include "kernel.h"
#include "own-connections.h"
#include "packet/packet.h"
#include "packet/protocols.h"
#include "packet/tuple.h"
#include "read.h"
#include "trace-config.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_UNIX 1
#define AF_INET6 10
#define AF_NETLINK 16

/* What a tuple begins with is a key of the map. */
_Static_assert(__builtin_offsetof(struct ipv6_section, source) == __builtin_offsetof(struct connection, source) &&
		       __builtin_offsetof(struct ipv6_section, destination) ==
			       __builtin_offsetof(struct connection, destination) &&
		       __builtin_offsetof(struct ipv6_section, source_port) ==
			       __builtin_offsetof(struct connection, source_port) &&
		       __builtin_offsetof(struct ipv6_section, destination_port) ==
			       __builtin_offsetof(struct connection, destination_port),
	       "struct connection is the first part of struct ipv6_section");

static __always_inline bool is_own_tuple(const struct tuple *tuple)
{
	return tuple->protocol.l4_protocol == IPPROTO_TCP && bpf_map_lookup_elem(&kpt_connections, &tuple->ip);
}

/* Whether it is an IPv4 address in IPv6 form. */
static __always_inline bool is_mapped(const __u8 *address)
{
	const __u32 *words = (const __u32 *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

/* On the way out, before it has headers, a packet has its socket. */
static __always_inline bool is_own_socket(struct scratch *scratch, const struct sock *sk, __u16 family)
{
	struct connection *key = &scratch->connection;
	__be32 ipv4;

	__builtin_memset(key, 0, sizeof(*key));
	if (family == AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&key->source, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&key->destination, sk, __sk_common.skc_v6_daddr);
	}
	if (family != AF_INET6 || is_mapped(key->destination)) {
		__builtin_memset(key, 0, sizeof(*key));
		ipv4 = READ(sock, sk, __sk_common.skc_rcv_saddr);
		__builtin_memcpy(key->source, &ipv4, sizeof(ipv4));
		ipv4 = READ(sock, sk, __sk_common.skc_daddr);
		__builtin_memcpy(key->destination, &ipv4, sizeof(ipv4));
	}
	key->source_port = READ(sock, sk, __sk_common.skc_num);
	key->destination_port = bpf_ntohs(READ(sock, sk, __sk_common.skc_dport));
	return bpf_map_lookup_elem(&kpt_connections, key);
}

/*
 * Of a packet whose life begins, with its report read. Not inlined: its stack would count
 * while the filter runs.
 */
static __noinline int is_left_out(struct scratch *scratch)
{
	const struct sk_buff *skb = (const struct sk_buff *)scratch->report.skb;
	const struct sock *sk = READ(sk_buff, skb, sk);
	__u16 family = is_kernel_pointer((__u64)sk) ? READ(sock, sk, __sk_common.skc_family) : 0;

	/* First: a netlink message has offsets of headers too, and what is there can look like an IP packet. */
	if (!config.local_sockets && (family == AF_UNIX || family == AF_NETLINK))
		return true;
	if (!config.leaves_out_own)
		return false;
	if (scratch->report.tuple.protocol.flags)
		return is_own_tuple(&scratch->report.tuple);
	return family && is_own_socket(scratch, sk, family);
}

/* Nothing is left out. */
static __always_inline bool shows_all(void)
{
	return config.local_sockets && !config.leaves_out_own;
}

/*
 * Whether an skb shows whose it is, by a header or a socket. Without, it is memory that a driver fills, and may become a
 * packet of a trace's connection, or a netlink message that the kernel writes.
 */
static __always_inline bool is_packet(const struct sk_buff *skb, const struct packet *packet)
{
	/* netlink_dump sets the offsets of an skb that is empty yet. */
	__u32 start = packet->has_mac ? packet->mac : packet->network;
	bool has_header = packet->has_network && packet->data + packet->len > start;

	return has_header || is_kernel_pointer((__u64)READ(sk_buff, skb, sk));
}
