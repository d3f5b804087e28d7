/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent sets before it loads the programs. Read-only data is constant to the verifier, so a branch
 * that it rules out is removed, even one that calls a helper which the running kernel does not have.
 */
#pragma once
#include "types.h"

enum packet_limit { PACKET_BYTES = 256 };
enum metadata_limit { METADATA_VALUES = 4 };

struct trace_config {
	/* Attached through kprobe.multi: the probed address comes from bpf_get_func_ip. */
	__u8 kprobe_multi;
	/* Attached through a tracing-multi link: programs get the arguments in place of registers (hit.h). */
	__u8 fentry_multi;
	/* There is a filter: a packet that shows it no header does not match. */
	__u8 filtered;
	/* Position of the reason among the kfree_skb tracepoint's arguments, the skb being 0; 0: it has none. */
	__u8 reason_argument;
	/* Packets of the connections that carry events away are left out: showing one would send another. */
	__u8 leaves_out_own;
	/* Messages of AF_UNIX and AF_NETLINK sockets are not left out. */
	__u8 local_sockets;
	/* The kernel has bpf_rdonly_cast. */
	__u8 direct_reads;
	/* A packet is followed to its end, whether or not it goes on matching. */
	__u8 track;
	/* Functions without a packet are probed too (bystander.h). */
	__u8 bystanders;
	/* enum event_extra: what events tell besides. */
	__u16 extras;
	/* At most so many bytes of a packet for EXTRA_PACKET, no more than PACKET_BYTES. */
	__u16 packet_bytes;
	/* Of the filter; the editor counts them. */
	__u32 generation;
	/* That there can be. */
	__u32 cpus;
	/* BPF programs of XDP are traced (xdp.h). */
	__u8 xdp;
	/* How many values there are for EXTRA_METADATA, at most METADATA_VALUES: of skbs, and of packets that XDP has. */
	__u8 skb_metadata;
	__u8 xdp_metadata;
};

/* The only variable of its section: the agent writes it at offset 0. */
const volatile struct trace_config config;
