/* The part of <net/ethernet.h> that libpcap uses and wasi-libc lacks; implemented in netdb.c. */
#ifndef KPT_NET_ETHERNET_H
#define KPT_NET_ETHERNET_H

struct ether_addr {
	unsigned char ether_addr_octet[6];
};

int ether_hostton(const char *name, struct ether_addr *address);

#endif
