// SPDX-License-Identifier: GPL-2.0-only
#include "counted.h"
#include "probes.bpf.c"
