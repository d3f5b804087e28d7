/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent sets for the filter that it links in; read-only data, so that what it rules out costs nothing. */
#pragma once
#include "types.h"
#include <bpf/bpf_helpers.h>

enum tunnel_filter {
	TUNNEL_FILTER_L2 = 1, /* there is one for the Ethernet header inside of a tunnel */
	TUNNEL_FILTER_L3 = 2, /* and one for the IP header */
};

struct filter_config {
	/*
	 * Where the kernel keeps what leads from a struct page to its bytes: the addresses of two variables of
	 * its own. 0: it has no such variables, but constants in their place.
	 */
	__u64 vmemmap_base;
	__u64 page_offset_base;
	/* The filter asks for the interface, the direction or a VLAN tag outside of the packet. */
	__u8 reads_link;
	/* enum tunnel_filter */
	__u8 tunnel_filters;
};

/* The only variable of its section. */
const volatile struct filter_config filter_config SEC(".rodata.filter");
