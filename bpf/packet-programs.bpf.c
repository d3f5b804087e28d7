// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runs when a BPF program begins and ends that is given packets, of tc or of XDP at a device. Loaded once for each
 * program that is traced, with the filter in it, and shares all maps with the programs of the probes; only that of
 * programs to go on in it cannot share, which are of another kind.
 */
#include "events/emit.h"
#include "events/life.h"
#include "events/metadata.h"
#include "events/scratch.h"
#include "follow.h"
#include "hit.h"
#include "own-connections.h"
#include "packet/device.h"
#include "packet/packet.h"
#include "packet/tuple.h"
#include "packet/xdp-packet.h"
#include "traced-program.h"
#include "types.h"
#include "xdp.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* include/uapi/linux/bpf.h */
enum { XDP_PASS = 2, XDP_REDIRECT = 4 };

/* The programs call GPL-only helpers. */
char gpl[] SEC("license") = "GPL";

/* As in probes.bpf.c, whose it is. */
volatile __u32 active SEC(".data.active") = 0;

/* Where to work, unless another filter is in force or none is. */
static __always_inline struct scratch *scratch_if_active(void)
{
	return active == traced_program.place ? scratch_of(SCRATCH_OF_PROGRAMS) : 0;
}

/* The packet that the traced program was given; by way of memory, a number to the verifier and no pointer. */
static __always_inline __u64 packet_of(struct scratch *scratch, const __u64 *arguments)
{
	*(volatile __u64 *)&scratch->argument = arguments[0];
	return *(volatile __u64 *)&scratch->argument;
}

/* To be called when the report is complete. `xdp`: 0 in a program of tc. */
static __always_inline void add_metadata(struct scratch *scratch, __u64 skb, __u64 xdp)
{
	__u32 count = xdp ? config.xdp_metadata : config.skb_metadata;
	struct extras_section *to;

	if (!(config.extras & EXTRA_METADATA) || !count)
		return;
	scratch->used = sizeof(struct event_header);
	section(scratch, sizeof(*to));
	put_metadata(scratch, xdp ? xdp : skb, xdp != 0, count);
	to = (struct extras_section *)(scratch->bytes + sizeof(struct event_header));
	to->extras = EXTRA_METADATA;
	to->length = *(volatile __u32 *)&scratch->used - sizeof(struct event_header);
	scratch->report.extras_bytes = to->length;
	scratch->report.sections |= SECTION_EXTRAS;
}

/* A program begins to work on an skb. `xdp`: as it has it, in a program of XDP; else 0. */
static __always_inline int begins(struct scratch *scratch, __u64 skb, __u64 xdp)
{
	struct life *life;
	bool untracked;

	if (!read_packet((void *)skb, &scratch->packet))
		return 0;
	new_report(scratch, skb)->place = traced_program.id;
	life = follow(scratch, &scratch->packet, &untracked);
	if (life ? life->flags & LIFE_LEFT_OUT : !untracked)
		return 0;
	add_metadata(scratch, skb, xdp);
	return emit(scratch, life);
}

/* What it returned, of a packet that is followed. */
static __always_inline struct report *new_verdict(struct scratch *scratch, __u64 skb, __u32 verdict)
{
	struct report *report = new_report(scratch, skb);

	report->kind = EVENT_VERDICT;
	report->sections = SECTION_VERDICT;
	report->place = traced_program.id;
	report->value = verdict;
	return report;
}

static __always_inline int ends(struct scratch *scratch, __u64 skb, __u64 xdp, __u32 verdict)
{
	struct life *life = life_of(skb);
	struct report *report;

	if (!life || life->flags & (LIFE_LEFT_OUT | LIFE_ASIDE))
		return 0;
	report = new_verdict(scratch, skb, verdict);
	report->bytes = life->phase == LIFE_ALIVE && read_packet((void *)skb, &scratch->packet) &&
			is_same(life, &scratch->packet);
	if (report->bytes)
		read_report(scratch);
	else
		report->length = READ(sk_buff, (struct sk_buff *)skb, len);
	add_metadata(scratch, skb, xdp);
	return emit(scratch, life);
}

SEC("fentry") int tc_begins(const __u64 *arguments)
{
	struct scratch *scratch = scratch_if_active();

	return scratch ? begins(scratch, packet_of(scratch, arguments), 0) : 0;
}

/* The argument behind the traced program's own one is its return value. */
SEC("fexit") int tc_ends(const __u64 *arguments)
{
	struct scratch *scratch = scratch_if_active();

	return scratch ? ends(scratch, packet_of(scratch, arguments), 0, arguments[1]) : 0;
}

/* What the packet says of itself, into the report. False: it says nothing. */
static __always_inline bool read_xdp(struct scratch *scratch, const struct xdp_buff *xdp)
{
	struct report *report = &scratch->report;
	__be16 protocol;

	__builtin_memset(report, 0, sizeof(*report));
	if (!read_xdp_packet(xdp, &scratch->packet, &protocol))
		return false;
	report->xdp_device = (__u64)BPF_CORE_READ(xdp, rxq, dev);
	if (!is_device((const struct net_device *)report->xdp_device))
		return false;
	report->place = traced_program.id;
	report->skb = report->head = scratch->packet.head;
	report->length = scratch->packet.len;
	report->bytes = true;
	read_tuple(&scratch->packet, bpf_ntohs(protocol), &report->tuple);
	return true;
}

/* Whether the conditions and the filter want a packet that is in the scratch, and it carries no trace. */
static __always_inline bool xdp_matches(struct scratch *scratch, __u64 xdp)
{
	const struct net_device *dev = (const struct net_device *)scratch->report.xdp_device;

	if ((conditions.any || conditions.expression) && !xdp_meets_conditions(dev))
		return false;
	if (config.filtered && !xdp_matches_filter(&scratch->packet, dev))
		return false;
	if (conditions.xdp_expression && !xdp_expression(xdp))
		return false;
	return !config.leaves_out_own || !scratch->report.tuple.protocol.flags || !is_own_tuple(&scratch->report.tuple);
}

SEC("fentry") int xdp_begins(const __u64 *arguments)
{
	struct scratch *scratch = scratch_if_active();
	struct life *life;
	__u64 xdp, head, start, skb;

	if (!scratch)
		return 0;
	xdp = packet_of(scratch, arguments);
	if (!read_xdp(scratch, (const struct xdp_buff *)xdp))
		return 0;
	head = scratch->packet.head;
	start = head + scratch->packet.data;
	/* The packet that was here before has not become an skb. */
	bpf_map_delete_elem(&xdp_packets, &start);
	skb = skb_of_head(head);
	if (skb)
		return begins(scratch, skb, xdp);
	if (!xdp_matches(scratch, xdp))
		return 0;
	life = new_life(scratch, config.generation);
	life->head = head;
	bpf_map_update_elem(&xdp_packets, &head, life, 0 /* BPF_ANY */);
	life = bpf_map_lookup_elem(&xdp_packets, &head);
	if (!life)
		return 0;
	add_metadata(scratch, 0, xdp);
	return emit(scratch, life);
}

/* The life of memory ends here. Where the packet goes on, the skb that it becomes is found by its first byte. */
SEC("fexit") int xdp_ends(const __u64 *arguments)
{
	struct scratch *scratch = scratch_if_active();
	const struct xdp_buff *xdp;
	__u32 verdict = arguments[1];
	__u64 head, start, skb;
	struct life *life;

	if (!scratch)
		return 0;
	xdp = (const struct xdp_buff *)packet_of(scratch, arguments);
	head = (__u64)READ(xdp_buff, xdp, data_hard_start);
	life = bpf_map_lookup_elem(&xdp_packets, &head);
	if (!life) {
		skb = skb_of_head(head);
		return skb ? ends(scratch, skb, (__u64)xdp, verdict) : 0;
	}
	if (!read_xdp(scratch, xdp)) {
		bpf_map_delete_elem(&xdp_packets, &head);
		return 0;
	}
	scratch->report.kind = EVENT_VERDICT;
	scratch->report.sections = SECTION_VERDICT | SECTION_ENDS;
	scratch->report.value = verdict;
	add_metadata(scratch, 0, (__u64)xdp);
	emit(scratch, life);
	if (verdict == XDP_PASS || verdict == XDP_REDIRECT) {
		start = head + scratch->packet.data;
		bpf_map_update_elem(&xdp_packets, &start, life, 0 /* BPF_ANY */);
	}
	bpf_map_delete_elem(&xdp_packets, &head);
	return 0;
}
