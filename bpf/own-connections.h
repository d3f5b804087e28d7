/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TCP connections that carry events of traces away, each in both directions. The agent fills the map while a trace
 * runs, and finds the connections of other agents in the maps of theirs: hence its name, which is looked for.
 */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

/* As in an event: addresses in network order, an IPv4 address in the first four bytes; ports in host order. */
struct connection {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
};

enum connection_of {
	CONNECTION_OF_AGENT = 1, /* the agent's whose map this is */
	CONNECTION_OF_OTHER = 2,
};

enum connection_limit { OWN_CONNECTIONS = 1024 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_CONNECTIONS);
	__type(key, struct connection);
	__type(value, __u32); /* enum connection_of */
} kpt_connections SEC(".maps");
