/* The part of POSIX <netdb.h> that libpcap uses and wasi-libc lacks; implemented in netdb.c. */
#ifndef KPT_NETDB_H
#define KPT_NETDB_H

#include <netinet/in.h>
#include <sys/socket.h>

#define PF_UNSPEC AF_UNSPEC
#define AI_NUMERICHOST 0x04
#define EAI_NONAME (-2)
#define EAI_SERVICE (-8)
#define EAI_MEMORY (-10)

struct addrinfo {
	int ai_flags;
	int ai_family;
	int ai_socktype;
	int ai_protocol;
	socklen_t ai_addrlen;
	struct sockaddr *ai_addr;
	char *ai_canonname;
	struct addrinfo *ai_next;
};

struct hostent {
	char **h_addr_list;
};
#define h_addr h_addr_list[0]

struct netent {
	uint32_t n_net;
};

struct protoent {
	int p_proto;
};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **result);
void freeaddrinfo(struct addrinfo *list);
struct hostent *gethostbyname(const char *name);
struct netent *getnetbyname(const char *name);
struct protoent *getprotobyname(const char *name);

#endif
