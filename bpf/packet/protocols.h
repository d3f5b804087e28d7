/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of the protocols that the programs look into, and shapes of their headers. */
#pragma once

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_TEB 0x6558 /* Ethernet, in a tunnel */

#define IPPROTO_HOPOPTS 0
#define IPPROTO_IPIP 4
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_DCCP 33
#define IPPROTO_IPV6 41
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_GRE 47
#define IPPROTO_AH 51
#define IPPROTO_DSTOPTS 60
#define IPPROTO_SCTP 132
#define IPPROTO_UDPLITE 136

#define IPV4_HEADER_BYTES 20
#define IPV4_FRAGMENT_OFFSET 0x1fff
#define IPV6_HEADER_BYTES 40
#define IPV6_FRAGMENT_OFFSET 0xfff8
/* More extension headers than these are not seen outside of attacks. */
#define IPV6_EXTENSIONS 4
