/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a field of a kernel object. Kernels since 6.2 let a program load directly through a pointer that it
 * has cast with bpf_rdonly_cast, a bad address giving 0: a few instructions, where bpf_probe_read_kernel costs
 * dozens. Which of both stays in the program is decided when it is loaded.
 */
#pragma once
#include "config.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

#define CAST(type, pointer) \
	((const struct type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(struct type)))

/* 0 where the pointer is bad. */
#define READ(type, pointer, field) \
	(config.direct_reads ? CAST(type, pointer)->field : BPF_CORE_READ((const struct type *)(pointer), field))
