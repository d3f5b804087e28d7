// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs behind those of dispatch.bpf.c, for one filter: one for each position that an sk_buff can have
 * among a function's arguments, usable for kprobe.multi and for plain kprobes, and one for the kfree_skb
 * tracepoint.
 */
#include "trace-config.h"
#include "events/event.h"
#include "events/events-map.h"
#include "kernel.h"
#include "events/loss.h"
#include "own-connection.h"
#include "packet/packet.h"
#include "read.h"
#include "packet/tuple.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

static __always_inline __u32 netns_of(const struct net *net)
{
	return net ? READ(net, net, ns.inum) : 0;
}

static __always_inline void read_device(const struct sk_buff *skb, struct event *event)
{
	/* Shares its place with dev_scratch: while a socket queue holds the skb this may be no pointer. */
	const struct net_device *dev = READ(sk_buff, skb, dev);
	const struct sock *sk;

	if (is_kernel_pointer((__u64)dev)) {
		event->ifindex = READ(net_device, dev, ifindex);
		event->mtu = READ(net_device, dev, mtu);
		if (bpf_core_field_exists(dev->nd_net.net))
			event->netns = netns_of(READ(net_device, dev, nd_net.net));
	}
	if (event->netns != 0)
		return;
	sk = READ(sk_buff, skb, sk);
	if (is_kernel_pointer((__u64)sk) && bpf_core_field_exists(sk->__sk_common.skc_net.net))
		event->netns = netns_of(READ(sock, sk, __sk_common.skc_net.net));
}

static __always_inline int record(const struct sk_buff *skb, __u64 address, enum event_kind kind,
				  __u32 drop_reason)
{
	struct packet packet;
	struct tuple tuple;
	struct event *event;
	__u16 protocol;
	__u32 cpu;

	if (!read_packet(skb, &packet))
		return 0;
	if (config.filtered && !matches_filter(skb, &packet))
		return 0;
	protocol = bpf_ntohs(READ(sk_buff, skb, protocol));
	read_tuple(&packet, protocol, &tuple);
	if (is_own(skb, &tuple))
		return 0;
	cpu = bpf_get_smp_processor_id();
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_lost(cpu);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->timestamp = bpf_ktime_get_ns();
	event->skb = (__u64)skb;
	event->head = packet.head;
	event->address = address;
	event->drop_reason = drop_reason;
	event->mark = READ(sk_buff, skb, mark);
	event->len = packet.len;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->cpu = cpu;
	event->kind = kind;
	event->protocol = protocol;
	event->flags = tuple.flags;
	event->l4_protocol = tuple.l4_protocol;
	event->tcp_flags = tuple.tcp_flags;
	event->source_port = tuple.source_port;
	event->destination_port = tuple.destination_port;
	__builtin_memcpy(event->source_address, tuple.source_address, 16);
	__builtin_memcpy(event->destination_address, tuple.destination_address, 16);
	event->lost_before = take_lost(cpu);
	event->generation = config.generation;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	read_device(skb, event);
	/* The agent looks at the ring buffer by its own clock: a wake-up for each event would cost more. */
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline __u64 probed_address(struct pt_regs *regs)
{
	return config.kprobe_multi ? bpf_get_func_ip(regs) : PROBED_ADDRESS(regs);
}

#define SKB_PROBE(position) \
	SEC("kprobe") int skb_argument_##position(struct pt_regs *regs) \
	{ \
		return record((void *)ARGUMENT_##position(regs), probed_address(regs), EVENT_FUNCTION, 0); \
	}

SKB_PROBE(1)
SKB_PROBE(2)
SKB_PROBE(3)
SKB_PROBE(4)
SKB_PROBE(5)

/* TP_PROTO(skb, location[, reason[, …]]) in include/trace/events/skb.h */
SEC("raw_tp/kfree_skb") int skb_drop(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 reason = 0;

	/*
	 * The verifier wants constant offsets, and none beyond the running kernel's arguments; the barriers keep
	 * the compiler from computing the address first.
	 */
	if (config.reason_argument == 2) {
		reason = ctx->args[2];
		barrier_var(reason);
	} else if (config.reason_argument == 3) {
		reason = ctx->args[3];
		barrier_var(reason);
	}
	return record((void *)ctx->args[0], ctx->args[1], EVENT_DROP, reason);
}
