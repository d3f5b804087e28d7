/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet that the agent asks about. */
#pragma once
#include "types.h"

enum match_limit {
	BATCH_PACKETS = 64, /* the verifier walks the loop over them round by round */
	BATCH_BYTES = 1 << 20,
};

struct match_packet {
	__u32 offset; /* of its bytes */
	__u32 captured;
	__u32 length;
	__u32 layer; /* 2: from the Ethernet header, 3: from the IP header, 0: no packet, the batch has ended */
	__u64 link;
	__u64 matches;
};
