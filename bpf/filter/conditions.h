/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent sets for each filter besides; read-only data, so that what is not asked for costs nothing. */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

struct conditions {
	/* Inode number; 0: any. */
	__u32 netns;
	/* Of the device, in this namespace; 0: any. */
	__u32 ifindex;
	/* Of skb->mark these bits are asked about; 0: none. */
	__u32 mark_mask;
	/* And are to be these. */
	__u32 mark;
	/* One of these is asked for. */
	__u8 any;
	/* There is an expression. */
	__u8 expression;
	/* There is one for packets that XDP has. */
	__u8 xdp_expression;
};

/* The only variable of its section. */
const volatile struct conditions conditions SEC(".rodata.conditions");
