/*
 * What libpcap's configure script would find out. The target is a WebAssembly module without a system: it
 * compiles filters, captures nothing, and answers name lookups through one imported function (netdb.c).
 */
#ifndef KPT_CONFIG_H
#define KPT_CONFIG_H

#define INET6 1

#define HAVE_ASPRINTF 1
#define HAVE_VASPRINTF 1
#define HAVE_STRLCPY 1
#define HAVE_STRLCAT 1
#define HAVE_STRTOK_R 1
#define HAVE_STRERROR 1
#define HAVE_POSIX_STRERROR_R 1

#define HAVE_ETHER_HOSTTON 1
#define NET_ETHERNET_H_DECLARES_ETHER_HOSTTON 1
#define HAVE_STRUCT_ETHER_ADDR 1

#endif
