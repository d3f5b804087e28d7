/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of the probes (probes.bpf.c). Which one a function gets is what it means for a packet's life; nothing is
 * looked up when it is hit.
 */
#pragma once

enum program {
	/* The packet is the nth argument, 1 to 5; the function says nothing of its life. */
	PROGRAM_PLAIN = 0,
	/* Called by skb_release_data. */
	PROGRAM_TAIL = 6,
	/* skb_release_head_state: the release has begun. */
	PROGRAM_HEAD_STATE,
	/* skb_release_data: of a packet that is released, or whose data is replaced. */
	PROGRAM_DATA,
	/* The last step of the release; the packet is the first argument, or the second. */
	PROGRAM_FINAL,
	PROGRAM_FINAL_SECOND,
	/* The packet's data is another's now, skb_release_head_state is all that comes. */
	PROGRAM_STOLEN,
	/* The same where the second argument is true (kfree_skb_partial). */
	PROGRAM_PARTIAL,
	/* May give the packet another head. */
	PROGRAM_RESHAPE,
	/* (to, from): makes one packet from another. The first is not filled yet. */
	PROGRAM_COPY,
	/* (into, from): puts one packet into another; a step of both. */
	PROGRAM_MERGE,
	/* Makes a new packet of this address. */
	PROGRAM_BUILD,
	/* Has no packet: belongs to that of the function that called it. */
	PROGRAM_BYSTANDER,
	/* Added to those from PROGRAM_HEAD_STATE on: the function was not asked for, and is no step. */
	PROGRAM_QUIET = 24,
};

/* Those that they go on in, by their place in the table. */
enum go_on {
	/* Those with a filter: the one in force, and the one before or after it. */
	GO_ON_FOLLOW = 0,
	GO_ON_FOLLOW_OTHER = 1,
	GO_ON_STEP,
	GO_ON_COPY,
	GO_ON_MERGE,
	GO_ON_ENTRIES,
	/* In place of one with a filter: every program returns at once. */
	GO_ON_PAUSED = 255,
};

/* What a step of one packet means for its life. */
enum meaning {
	MEANS_STEP = 0,
	MEANS_HEAD_STATE,
	MEANS_DATA,
	MEANS_FINAL,
	MEANS_STOLEN,
	MEANS_RESHAPE,
};
