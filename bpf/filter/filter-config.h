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
	 * What leads from a struct page to its bytes. On x86-64 the addresses of two variables of the kernel, 0: it
	 * has no such variables, but constants in their place. On arm64 these constants, of which it has many.
	 */
	__u64 vmemmap_base;
	__u64 page_offset_base;
	/* Of a page; 0: not known. */
	__u32 page_bytes;
	/* The filter asks for the interface, the direction or a VLAN tag outside of the packet. */
	__u8 reads_link;
	/* enum tunnel_filter */
	__u8 tunnel_filters;
};

/* The only variable of its section. */
const volatile struct filter_config filter_config SEC(".rodata.filter");
