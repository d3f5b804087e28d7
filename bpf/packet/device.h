/* SPDX-License-Identifier: GPL-2.0-only */
/* The device and the network namespace of a packet. */
#pragma once
#include "kernel.h"
#include "packet/packet.h"
#include "read.h"
#include "types.h"
#include <bpf/bpf_core_read.h>

/* The number of a namespace (fs/nsfs.c, PROC_DYNAMIC_FIRST, and the initial ones before it) is at least this. */
#define FIRST_NAMESPACE 0xeffffff0

static __always_inline __u32 netns_of(const struct net *net)
{
	__u32 number = is_kernel_pointer((__u64)net) ? READ(net, net, ns.inum) : 0;

	return number >= FIRST_NAMESPACE ? number : 0;
}

static __always_inline __u32 netns_of_device(const struct net_device *dev)
{
	return bpf_core_field_exists(dev->nd_net.net) ? netns_of(READ(net_device, dev, nd_net.net)) : 0;
}

/* Of a packet without a device; 0: it has no socket either. */
static __always_inline __u32 netns_of_socket(const struct sk_buff *skb)
{
	const struct sock *sk = READ(sk_buff, skb, sk);

	if (!is_kernel_pointer((__u64)sk) || !bpf_core_field_exists(sk->__sk_common.skc_net.net))
		return 0;
	return netns_of(READ(sock, sk, __sk_common.skc_net.net));
}

/*
 * skb->dev shares its place with a node of a red-black tree (TCP's queues, netem, fq, reassembly) and with
 * dev_scratch: believed only where what it leads to looks like a device.
 */
static __always_inline bool is_device(const struct net_device *dev)
{
	int ifindex;

	if (!is_kernel_pointer((__u64)dev))
		return false;
	ifindex = READ(net_device, dev, ifindex);
	if (ifindex <= 0)
		return false;
	return !bpf_core_field_exists(dev->nd_net.net) || netns_of_device(dev) != 0;
}
