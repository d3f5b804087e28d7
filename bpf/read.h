/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a field of a kernel object. Kernels since 6.2 let a program load directly through a pointer that it
 * has cast with bpf_rdonly_cast, a bad address giving 0: a few instructions, where bpf_probe_read_kernel costs
 * dozens. Which of both stays in the program is decided when it is loaded.
 */
#pragma once
#include "trace-config.h"
#include "kernel.h"
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#ifdef NO_KFUNCS
/* Never called: config.direct_reads is 0 then. */
static __always_inline void *bpf_rdonly_cast(const void *object, __u32 btf_id)
{
	(void)object;
	(void)btf_id;
	return 0;
}
#else
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;
#endif

#define CAST(type, pointer) \
	((const struct type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(struct type)))

/* 0 where the pointer is bad. */
#define READ(type, pointer, field) \
	(config.direct_reads ? CAST(type, pointer)->field : BPF_CORE_READ((const struct type *)(pointer), field))

/*
 * Bytes at any kernel address: those of the made-up struct linux_binprm whose buffer would be there. Members of a
 * structure have types, and not all of them can be read as numbers.
 */
#define DIRECT(address) \
	CAST(linux_binprm, (const void *)((address) - bpf_core_field_offset(struct linux_binprm, buf)))->buf

/* Zeroes where the address is bad. `size` is constant; `to` is aligned to 8 bytes. */
static __always_inline void read_directly(void *to, __u64 address, __u32 size)
{
	const char *from = DIRECT(address);

#pragma unroll
	for (__u32 at = 0; at + 8 <= size; at += 8)
		*(volatile __u64 *)(to + at) = *(const __u64 *)(from + at);
	if (size & 4)
		*(volatile __u32 *)(to + (size & ~7u)) = *(const __u32 *)(from + (size & ~7u));
	if (size & 2)
		*(volatile __u16 *)(to + (size & ~3u)) = *(const __u16 *)(from + (size & ~3u));
	if (size & 1)
		*(volatile __u8 *)(to + (size & ~1u)) = *(const __u8 *)(from + (size & ~1u));
}
