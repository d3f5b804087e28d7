// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the agent and the editor read and write as bytes. Compiled only for its type information, from which
 * build/layouts.ts makes common/layouts.ts; no kernel ever sees it.
 */
#include "bystander.h"
#include "events/counters.h"
#include "events/event.h"
#include "events/life.h"
#include "events/scratch.h"
#include "filter/conditions.h"
#include "filter/filter-config.h"
#include "filter/match-packet.h"
#include "own-connections.h"
#include "program.h"
#include "trace-config.h"
#include "traced-program.h"
#include "xdp-maps.h"

#define LAYOUT(kind, name) kind name *layout_of_##name SEC("layouts")

LAYOUT(struct, event_header);
LAYOUT(enum, event_kind);
LAYOUT(enum, event_section);
LAYOUT(struct, extras_section);
LAYOUT(enum, event_extra);
LAYOUT(struct, caller_section);
LAYOUT(struct, stack_section);
LAYOUT(struct, packet_section);
LAYOUT(enum, packet_limit);
LAYOUT(enum, metadata_limit);
LAYOUT(struct, memory_section);
LAYOUT(struct, tunnel_section);
LAYOUT(struct, begin_section);
LAYOUT(struct, task_section);
LAYOUT(struct, device_section);
LAYOUT(struct, protocol_section);
LAYOUT(enum, tuple_flag);
LAYOUT(struct, ipv4_section);
LAYOUT(struct, ipv6_section);
LAYOUT(struct, mark_section);
LAYOUT(struct, drop_section);
LAYOUT(struct, merge_section);
LAYOUT(struct, lost_section);
LAYOUT(struct, verdict_section);
LAYOUT(struct, cpu_counters);
LAYOUT(enum, counter_limit);
LAYOUT(enum, life_limit);
LAYOUT(enum, frame_limit);
LAYOUT(enum, scratch_of);
LAYOUT(struct, connection);
LAYOUT(enum, connection_of);
LAYOUT(enum, xdp_limit);
LAYOUT(enum, connection_limit);
LAYOUT(struct, trace_config);
LAYOUT(struct, traced_program);
LAYOUT(struct, filter_config);
LAYOUT(enum, tunnel_filter);
LAYOUT(struct, conditions);
LAYOUT(struct, match_packet);
LAYOUT(enum, match_limit);
LAYOUT(enum, program);
LAYOUT(enum, go_on);
