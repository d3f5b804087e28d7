// SPDX-License-Identifier: GPL-2.0-only
/* Programs that get packets, for tests to trace: they drop what is large, and mark what is not. */
#include "types.h"
#include <bpf/bpf_helpers.h>

char gpl[] SEC("license") = "GPL";

#define LARGE 500
#define MARK 0x2a
#define TC_ACT_OK 0
#define TC_ACT_SHOT 2

/* include/uapi/linux/bpf.h; of the contexts only what is used. */
struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
};

SEC("tc") int classify_by_length(struct __sk_buff *skb)
{
	if (skb->len >= LARGE)
		return TC_ACT_SHOT;
	skb->mark = MARK;
	return TC_ACT_OK;
}

/* Calls functions of the kernel: two for its packet, and one that the programs of a trace call too. */
SEC("tc.calls") int call_helpers(struct __sk_buff *skb)
{
	__u32 first;

	if (bpf_skb_load_bytes(skb, 0, &first, sizeof(first)) < 0 || bpf_ktime_get_ns() == 0)
		return TC_ACT_SHOT;
	bpf_get_hash_recalc(skb);
	return TC_ACT_OK;
}

#define XDP_DROP 1
#define XDP_PASS 2

struct xdp_md {
	__u32 data;
	__u32 data_end;
};

SEC("xdp") int filter_by_length(struct xdp_md *xdp)
{
	return xdp->data_end - xdp->data >= LARGE ? XDP_DROP : XDP_PASS;
}

#define XDP_TX 3
#define MAC_BYTES 6

/* Sends every packet back to where it comes from. */
SEC("xdp.reflect") int reflect(struct xdp_md *xdp)
{
	__u8 *data = (__u8 *)(long)xdp->data;
	__u8 *end = (__u8 *)(long)xdp->data_end;

	if (data + 2 * MAC_BYTES > end)
		return XDP_DROP;
#pragma unroll
	for (int i = 0; i < MAC_BYTES; i++) {
		__u8 byte = data[i];

		data[i] = data[MAC_BYTES + i];
		data[MAC_BYTES + i] = byte;
	}
	return XDP_TX;
}
