// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests: runs the filter on packets of the kernel itself, those that wait in the receive queue of a packet
 * socket, the way the programs of a trace do.
 */
#include "filter/matches-filter.h"
#include "packet/packet.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char gpl[] SEC("license") = "GPL";

#define AF_PACKET 17
#define QUEUE_PACKETS 64
/* In one run: the verifier walks the loop over them round by round. */
#define ROUND_PACKETS 8

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sk_buff_head {
	struct sk_buff *next;
};

struct sock_common___family {
	unsigned short skc_family;
};

struct sock___queue {
	struct sock_common___family __sk_common;
	struct sk_buff_head sk_receive_queue;
};

#pragma clang attribute pop

/* The only variable of .bss: test/lab/filter/skb-runner.ts knows its layout. */
struct {
	__u64 socket;
	/* Where the next run goes on; 0: at the beginning of the queue. */
	__u64 next;
	__u32 done;
	__u32 unused;
	/* 0: no more packets; 1: does not match, 2: matches. And how many bytes are linear, to be sure. */
	__u8 decisions[QUEUE_PACKETS];
	__u32 linear[QUEUE_PACKETS];
} state;

/* Called when a packet has been put into a socket's queue. */
SEC("kprobe/sock_def_readable") int note_socket(struct pt_regs *regs)
{
	const struct sock___queue *socket = (const void *)ARGUMENT_1(regs);

	if (BPF_CORE_READ(socket, __sk_common.skc_family) == AF_PACKET)
		state.socket = (__u64)socket;
	return 0;
}

SEC("raw_tp") int match_queue(void *ctx __attribute__((unused)))
{
	const struct sock___queue *socket = (const void *)state.socket;
	__u64 queue = state.socket + bpf_core_field_offset(socket->sk_receive_queue);
	__u64 skb = state.next ?: (__u64)BPF_CORE_READ(socket, sk_receive_queue.next);

	for (__u32 i = 0; i < ROUND_PACKETS; i++) {
		__u32 at = (state.done + i) & (QUEUE_PACKETS - 1);
		struct packet packet;

		if (skb == queue || !read_packet((const void *)skb, &packet))
			break;
		state.decisions[at] = matches_filter((const void *)skb, &packet) ? 2 : 1;
		state.linear[at] = packet.tail - packet.data;
		skb = (__u64)BPF_CORE_READ((const struct sk_buff *)skb, next);
	}
	state.next = skb;
	state.done += ROUND_PACKETS;
	return 0;
}
