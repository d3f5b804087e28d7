/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent sets before it loads the programs. Read-only data is constant to the verifier, so a branch
 * that it rules out is removed, even one that calls a helper which the running kernel does not have.
 */
#pragma once
#include "types.h"

struct trace_config {
	/* Attached through kprobe.multi: the probed address comes from bpf_get_func_ip. */
	__u8 kprobe_multi;
	/* There is a filter: a packet that shows it no header does not match. */
	__u8 filtered;
	/* Position of the reason among the kfree_skb tracepoint's arguments, the skb being 0; 0: it has none. */
	__u8 reason_argument;
	/* The connection that carries the events away is left out: showing a packet would send another. */
	__u8 has_own;
	/* Its ports as the target sees them, host byte order, and addresses, network order as in an event. */
	__u16 own_local_port;
	__u16 own_remote_port;
	__u8 own_is_ipv6;
	__u8 own_local_address[16];
	__u8 own_remote_address[16];
	/* The kernel has bpf_rdonly_cast. */
	__u8 direct_reads;
	/* Of the filter; the editor counts them. */
	__u32 generation;
};

/* The only variable of its section: the agent writes it at offset 0. */
const volatile struct trace_config config;
