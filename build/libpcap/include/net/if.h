/* What pcap.c mentions of <net/if.h> and wasi-libc lacks; the function that uses it is not linked. */
#ifndef KPT_NET_IF_H
#define KPT_NET_IF_H

#include <sys/socket.h>

#define IF_NAMESIZE 16
#define SIOCGIFADDR 0x8915
#define SIOCGIFNETMASK 0x891b

struct ifreq {
	char ifr_name[IF_NAMESIZE];
	struct sockaddr ifr_addr;
};

#endif
