/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts an event together, with what its life has not sent yet, and into the ring buffer. */
#pragma once
#include "events/counters.h"
#include "events/event.h"
#include "events/events-map.h"
#include "events/life.h"
#include "events/scratch.h"
#include "kernel.h"
#include "packet/device.h"
#include "packet/packet.h"
#include "packet/tuple.h"
#include "read.h"
#include "trace-config.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

static __always_inline void put_device(struct scratch *scratch, const struct sk_buff *skb,
				       const struct net_device *dev)
{
	struct device_section *to = section(scratch, sizeof(*to));

	__builtin_memset(to, 0, sizeof(*to));
	if (dev) {
		to->ifindex = READ(net_device, dev, ifindex);
		to->mtu = READ(net_device, dev, mtu);
		to->netns = netns_of_device(dev);
		bpf_probe_read_kernel(to->name, sizeof(to->name), __builtin_preserve_access_index(&dev->name));
		return;
	}
	to->netns = netns_of_socket(skb);
}

static __always_inline bool same_tuple(const struct ipv6_section *a, const struct ipv6_section *b)
{
	const __u64 *x = (const __u64 *)a;
	const __u64 *y = (const __u64 *)b;
	__u64 differs = 0;

#pragma unroll
	for (int i = 0; i < (int)(sizeof(*a) / 8); i++)
		differs |= x[i] ^ y[i];
	return differs == 0;
}

/* The packet is no skb yet. */
static __always_inline bool is_xdp(const struct report *report)
{
	return config.xdp && report->xdp_device;
}

static __always_inline const struct net_device *device_of(const struct report *report)
{
	/* A variable of its own: READ relocates every member that stands in it. */
	const struct sk_buff *skb = (const struct sk_buff *)report->skb;

	if (is_xdp(report))
		return (const struct net_device *)report->xdp_device;
	return READ(sk_buff, skb, dev);
}

/* `life`: null for a packet that could not be followed. */
static __noinline int emit(struct scratch *scratch, struct life *life)
{
	struct report *report = &scratch->report;
	const struct sk_buff *skb = (const struct sk_buff *)report->skb;
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_counters *counted = counters_of(cpu);
	__u16 sent = life ? life->sent : 0;
	__u16 sections = report->sections;
	struct event_header *header;
	const struct net_device *dev;
	__u64 device = 0, task, lost;
	__u32 mark, size;

	scratch->used = sizeof(*header) + report->extras_bytes;
	if (!(sent & SECTION_BEGIN)) {
		struct begin_section *begin = section(scratch, sizeof(*begin));

		sections |= SECTION_BEGIN;
		begin->skb = (__u64)skb;
		begin->head = life ? life->head : report->head;
		begin->parent = life ? life->parent : 0;
		begin->generation = life ? life->generation : config.generation;
	}
	task = bpf_get_current_pid_tgid();
	if (task == 0)
		task = (__u64)(cpu + 1) << 32 | 0xffffffff; /* the idle task of each CPU has a name of its own */
	if (!(sent & SECTION_TASK) || life->task != task) {
		struct task_section *to = section(scratch, sizeof(*to));

		sections |= SECTION_TASK;
		to->pid = bpf_get_current_pid_tgid() >> 32;
		bpf_get_current_comm(to->comm, sizeof(to->comm));
	}
	if (report->bytes || !(sent & SECTION_DEVICE)) {
		dev = device_of(report);
		device = is_device(dev) ? (__u64)dev : 0;
		/* What is no device now has not left the one that it was on. */
		if (!(sent & SECTION_DEVICE) || (device && life->device != device)) {
			sections |= SECTION_DEVICE;
			put_device(scratch, skb, device ? dev : 0);
		}
	}
	mark = report->bytes && !is_xdp(report) ? READ(sk_buff, skb, mark) : 0;
	if (report->bytes) {
		if (!(sent & SECTION_PROTOCOL) ||
		    *(__u32 *)&life->protocol != *(__u32 *)&report->tuple.protocol) {
			struct protocol_section *to = section(scratch, sizeof(*to));

			sections |= SECTION_PROTOCOL;
			*to = report->tuple.protocol;
		}
		if ((report->tuple.protocol.flags & TUPLE_IPV4) &&
		    (!(sent & SECTION_IPV4) || !same_tuple(&life->tuple, &report->tuple.ip))) {
			struct ipv4_section *to = section(scratch, sizeof(*to));

			sections |= SECTION_IPV4;
			__builtin_memset(to, 0, sizeof(*to));
			__builtin_memcpy(to->source, report->tuple.ip.source, 4);
			__builtin_memcpy(to->destination, report->tuple.ip.destination, 4);
			to->source_port = report->tuple.ip.source_port;
			to->destination_port = report->tuple.ip.destination_port;
			to->tcp_flags = report->tuple.ip.tcp_flags;
		} else if ((report->tuple.protocol.flags & TUPLE_IPV6) &&
			   (!(sent & SECTION_IPV6) || !same_tuple(&life->tuple, &report->tuple.ip))) {
			struct ipv6_section *to = section(scratch, sizeof(*to));

			sections |= SECTION_IPV6;
			*to = report->tuple.ip;
		}
		if (!(sent & SECTION_MARK) ? mark != 0 : life->mark != mark) {
			struct mark_section *to = section(scratch, sizeof(*to));

			sections |= SECTION_MARK;
			to->mark = mark;
		}
	}
	if (report->sections & (SECTION_DROP | SECTION_MERGE)) {
		__u32 *to = section(scratch, sizeof(*to));

		*to = report->value;
	}
	lost = counted->lost;
	if (counted->told != lost) {
		struct lost_section *to = section(scratch, sizeof(*to));

		sections |= SECTION_LOST;
		to->total = lost;
	}
	if (report->sections & SECTION_VERDICT) {
		struct verdict_section *to = section(scratch, sizeof(*to));

		to->value = report->value;
	}
	header = (struct event_header *)scratch->bytes;
	header->time = bpf_ktime_get_ns();
	header->life = life ? life->id : 0;
	header->place = report->place;
	header->length = report->length;
	header->cpu_kind = (cpu & 0xfff) | report->kind << 12;
	header->sections = sections;
	size = *(volatile __u32 *)&scratch->used & (SCRATCH_BYTES - 1);
	/* The agent looks at the ring buffer by its own clock: a wake-up for each event would cost more. */
	if (bpf_ringbuf_output(&events, scratch->bytes, size, BPF_RB_NO_WAKEUP) != 0) {
		count_lost(cpu);
		scratch->lost = true;
		return 0;
	}
	/* Only now: what was lost is sent again. */
	if (sections & SECTION_LOST)
		counted->told = lost;
	if (!life)
		return 0;
	life->sent = sent | (sections & (SECTION_BEGIN | SECTION_TASK | SECTION_DEVICE | SECTION_PROTOCOL |
					 SECTION_MARK));
	if (sections & SECTION_TASK)
		life->task = task;
	if (device)
		life->device = device;
	if (sections & SECTION_PROTOCOL)
		life->protocol = report->tuple.protocol;
	if (sections & SECTION_MARK)
		life->mark = mark;
	if (sections & (SECTION_IPV4 | SECTION_IPV6)) {
		/* Only the one that was sent last is there to compare with. */
		life->sent = (life->sent & ~(SECTION_IPV4 | SECTION_IPV6)) |
			     (sections & (SECTION_IPV4 | SECTION_IPV6));
		life->tuple = report->tuple.ip;
	} else {
		life->sent |= sent & (SECTION_IPV4 | SECTION_IPV6);
	}
	return 0;
}
