/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent sets for each BPF program that it traces. */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

struct traced_program {
	/*
	 * By which the kernel knows it; numbers rise, and events have it for the address of code. No probed function
	 * has so small an address.
	 */
	__u32 id;
	/* Of enum go_on: where the program with the same filter is in the table. While that is in force, so is this. */
	__u32 place;
};

/* The only variable of its section. */
const volatile struct traced_program traced_program SEC(".rodata.program");
