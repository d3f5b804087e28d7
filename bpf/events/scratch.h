/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a hit is worked on: 512 bytes of stack are too few, and how long an event becomes is only known when it is put
 * together.
 */
#pragma once
#include "events/event.h"
#include "events/life.h"
#include "own-connections.h"
#include "packet/packet.h"
#include "packet/tuple.h"
#include "types.h"
#include <bpf/bpf_helpers.h>

#define SCRATCH_BYTES 256
/* The longest section. */
#define SECTION_BYTES 40

/* What is to be told of a hit. */
struct report {
	__u64 skb;
	__u32 place;
	__u16 kind;	/* enum event_kind */
	__u16 sections; /* those that do not depend on the life: SECTION_DROP, _MERGE, _ENDS, _QUIET */
	__u32 value;	/* drop reason, or life that it is merged into */
	__u32 length;
	__u64 head; /* for a packet that could not be followed */
	bool bytes; /* the packet's bytes and device may still be read */
	struct tuple tuple;
};

struct scratch {
	__u32 used;
	__u32 begun; /* lives that began on this CPU */
	/* What the probe's program found, for the one that it goes on in. */
	__u64 argument; /* the skb */
	__u64 from;	/* of two packets the second */
	__u32 meaning;	/* enum meaning */
	bool quiet;	/* the function was not asked for */
	struct packet packet;
	struct report report;
	struct life fresh; /* a life that may begin */
	struct connection connection;
	__u8 bytes[SCRATCH_BYTES + SECTION_BYTES];
};

/*
 * The kernel keeps kprobe programs from interrupting each other on a CPU, but not from interrupting the one of the
 * tracepoint, nor that one them: each kind has its own.
 */
enum scratch_of { SCRATCH_OF_PROBES = 0, SCRATCH_OF_DROPS = 1, SCRATCHES = 2 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_of(__u32 kind)
{
	return bpf_map_lookup_elem(&scratches, &kind);
}

/*
 * Room for a section. The place is read from memory each time: so it is the same unknown number to the verifier
 * whichever sections came before, and it need not look at each combination of them.
 */
static __always_inline void *section(struct scratch *scratch, __u32 bytes)
{
	__u32 at = *(volatile __u32 *)&scratch->used & (SCRATCH_BYTES - 1);

	*(volatile __u32 *)&scratch->used = at + bytes;
	return scratch->bytes + at;
}
