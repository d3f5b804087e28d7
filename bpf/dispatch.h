/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of programs that the probes go on in. */
#pragma once

/* Entries in one half of it; argument positions count from 1. */
enum dispatch_table { HALF = 8 };
