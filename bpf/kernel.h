/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that the programs look at, only the members that they read. Offsets are not these: libbpf
 * takes them from the running kernel's BTF by name (CO-RE), through anonymous unions and structs too.
 */
#pragma once
#include "types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	__u32 inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net; /* absent without CONFIG_NET_NS */
} possible_net_t;

struct net_device {
	char name[16];
	int ifindex;
	__u32 mtu;
	possible_net_t nd_net;
};

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__be32 skc_daddr; /* of an IPv4 connection on an IPv6 socket too */
	__be32 skc_rcv_saddr;
	__u16 skc_family;
	struct in6_addr skc_v6_daddr; /* absent without CONFIG_IPV6, as the next */
	struct in6_addr skc_v6_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num; /* the local port, host byte order */
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
};

struct page {
	unsigned long flags;
};

struct xdp_rxq_info {
	struct net_device *dev;
};

struct xdp_buff {
	void *data;
	void *data_end;
	void *data_hard_start; /* where the packet's memory begins */
	struct xdp_rxq_info *rxq;
};

/* For its buffer only, through which the programs read numbers of any size from anywhere (read.h). */
struct linux_binprm {
	char buf[256];
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	struct sock *sk;
	__u32 len;
	__u32 data_len; /* of it, what is not linear */
	__u32 mark;
	int skb_iif;
	__u8 pkt_type : 3;
	__u8 fclone : 2; /* 2: the second of a pair, which a TCP socket's skb has room for behind it */
	__u8 vlan_present : 1; /* before 6.2 */
	__u32 vlan_all; /* since 6.2: protocol and tag, 0 for none */
	__u16 vlan_tci;
	__be16 protocol;
	__u16 network_header;
	__u16 mac_header;
	__u32 tail; /* an offset from head on 64-bit kernels */
	__u32 end;
	unsigned char *head;
	unsigned char *data;
	char cb[48];
};

#pragma clang attribute pop

/*
 * skb_frag_t, which has been struct bio_vec and then a struct skb_frag of other names, with this layout since 5.4.
 * The lowest bit of the page is set where it is none, but memory of a device (net_iov, since 6.12).
 */
struct fragment {
	__u64 page;
	__u32 bytes;
	__u32 offset;
};

#define FRAGMENT_IS_NO_PAGE 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct skb_shared_info {
	__u8 nr_frags;
	struct sk_buff *frag_list;
	struct fragment frags[1];
};

#pragma clang attribute pop

/* What a kprobe's program gets: the registers at the probe (arch/.../include/asm/ptrace.h). */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#define ARGUMENT_1(regs) ((regs)->di)
#define ARGUMENT_2(regs) ((regs)->si)
#define ARGUMENT_3(regs) ((regs)->dx)
#define ARGUMENT_4(regs) ((regs)->cx)
#define ARGUMENT_5(regs) ((regs)->r8)
#define STACK_POINTER(regs) ((regs)->sp)
/* The breakpoint is one byte, and ip is behind it. */
#define PROBED_ADDRESS(regs) ((regs)->ip - 1)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31], sp, pc, pstate;
};
#define ARGUMENT_1(r) ((r)->regs[0])
#define ARGUMENT_2(r) ((r)->regs[1])
#define ARGUMENT_3(r) ((r)->regs[2])
#define ARGUMENT_4(r) ((r)->regs[3])
#define ARGUMENT_5(r) ((r)->regs[4])
#define STACK_POINTER(r) ((r)->sp)
#define PROBED_ADDRESS(r) ((r)->pc)
#define RETURN_ADDRESS(r) ((r)->regs[30])
#else
#error "build with -D__TARGET_ARCH_x86 or -D__TARGET_ARCH_arm64"
#endif

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};
