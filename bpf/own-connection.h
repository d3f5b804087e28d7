/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of the SSH connection that carries the events to the editor. Each event of theirs would make more of
 * them, until nothing else is in the ring buffer.
 */
#pragma once
#include "trace-config.h"
#include "events/event.h"
#include "kernel.h"
#include "read.h"
#include "packet/tuple.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

static __always_inline bool same_address(const __u8 *seen, const volatile __u8 *own)
{
	__u32 differs = 0;

#pragma unroll
	for (int i = 0; i < 16; i++)
		differs |= seen[i] ^ own[i];
	return differs == 0;
}

static __always_inline bool is_own_tuple(const struct tuple *tuple)
{
	if (tuple->source_port == config.own_local_port && tuple->destination_port == config.own_remote_port)
		return same_address(tuple->source_address, config.own_local_address) &&
		       same_address(tuple->destination_address, config.own_remote_address);
	if (tuple->source_port == config.own_remote_port && tuple->destination_port == config.own_local_port)
		return same_address(tuple->source_address, config.own_remote_address) &&
		       same_address(tuple->destination_address, config.own_local_address);
	return false;
}

/* On the way out, before it has headers, a packet has its socket. */
static __always_inline bool is_own_socket(const struct sk_buff *skb)
{
	const struct sock *sk = READ(sk_buff, skb, sk);
	__u8 remote[16] = {};
	__be32 ipv4;

	if (!is_kernel_pointer((__u64)sk) ||
	    READ(sock, sk, __sk_common.skc_num) != config.own_local_port ||
	    bpf_ntohs(READ(sock, sk, __sk_common.skc_dport)) != config.own_remote_port)
		return false;
	if (config.own_is_ipv6) {
		if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
			BPF_CORE_READ_INTO(&remote, sk, __sk_common.skc_v6_daddr);
	} else {
		ipv4 = READ(sock, sk, __sk_common.skc_daddr);
		__builtin_memcpy(remote, &ipv4, sizeof(ipv4));
	}
	return same_address(remote, config.own_remote_address);
}

static __always_inline bool is_own(const struct sk_buff *skb, const struct tuple *tuple)
{
	if (!config.has_own)
		return false;
	return tuple->flags ? is_own_tuple(tuple) : is_own_socket(skb);
}
