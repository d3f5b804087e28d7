// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the agent and the editor read and write as bytes. Compiled only for its type information, from which
 * build/layouts.ts makes common/layouts.ts; no kernel ever sees it.
 */
#include "dispatch.h"
#include "events/event.h"
#include "events/loss.h"
#include "filter/filter-config.h"
#include "filter/match-packet.h"
#include "trace-config.h"

#define LAYOUT(kind, name) kind name *layout_of_##name SEC("layouts")

LAYOUT(struct, event);
LAYOUT(enum, event_kind);
LAYOUT(enum, event_flag);
LAYOUT(struct, cpu_loss);
LAYOUT(enum, loss_limit);
LAYOUT(struct, trace_config);
LAYOUT(struct, filter_config);
LAYOUT(enum, tunnel_filter);
LAYOUT(struct, match_packet);
LAYOUT(enum, match_limit);
LAYOUT(enum, dispatch_table);
