/* SPDX-License-Identifier: GPL-2.0-only */
/* Where events wait for the agent. */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 25); /* bytes; the agent sets it before loading */
} events SEC(".maps");
