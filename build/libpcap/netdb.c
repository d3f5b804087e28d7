/*
 * Name lookups of libpcap's compiler, answered by the host from fixed tables: a filter means the same on
 * every machine, and compiling one asks no network. Numeric forms follow glibc's getaddrinfo(3).
 */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of names; extension/filter/libpcap/names.ts has the same numbers. */
enum { HOST, NETWORK, ETHER_HOST, PROTOCOL, TCP_SERVICE, UDP_SERVICE };

/* The number that a name stands for, or a negative one. A double holds every u32 and -1. */
__attribute__((import_module("env"), import_name("lookup"))) double kpt_lookup(int kind, const char *name);

static int
new_result(const void *address, socklen_t length, const struct addrinfo *hints, struct addrinfo **result)
{
	const struct sockaddr *generic = address;
	struct addrinfo *entry = calloc(1, sizeof *entry + length);

	if (entry == NULL)
		return EAI_MEMORY;
	entry->ai_family = generic->sa_family;
	entry->ai_socktype = hints->ai_socktype;
	entry->ai_protocol = hints->ai_protocol;
	entry->ai_addrlen = length;
	entry->ai_addr = memcpy(entry + 1, address, length);
	*result = entry;
	return 0;
}

static int
host(const char *name, const struct addrinfo *hints, struct addrinfo **result)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (hints->ai_family != AF_INET6 && inet_pton(AF_INET, name, &v4.sin_addr) == 1)
		return new_result(&v4, sizeof v4, hints, result);
	if (hints->ai_family != AF_INET && inet_pton(AF_INET6, name, &v6.sin6_addr) == 1)
		return new_result(&v6, sizeof v6, hints, result);
	/* The host only notes the name, to say in its message that names are not resolved. */
	if (!(hints->ai_flags & AI_NUMERICHOST))
		kpt_lookup(HOST, name);
	return EAI_NONAME;
}

/* The low 16 bits of a text of digits (what glibc's strtoul and htons make of it), or -1. */
static double
number(const char *text)
{
	uint64_t value = 0;

	if (*text == '\0')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		value = value > (UINT64_MAX - 9) / 10 ? UINT64_MAX : 10 * value + (uint64_t)(*text - '0');
	return *text == '\0' ? (double)(value & 0xffff) : -1;
}

static int
service(const char *name, const struct addrinfo *hints, struct addrinfo **result)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	double port = number(name);

	if (port < 0)
		port = kpt_lookup(hints->ai_protocol == IPPROTO_UDP ? UDP_SERVICE : TCP_SERVICE, name);
	if (port < 0)
		return EAI_SERVICE;
	v4.sin_port = htons((uint16_t)port);
	return new_result(&v4, sizeof v4, hints, result);
}

int
getaddrinfo(const char *node, const char *name, const struct addrinfo *hints, struct addrinfo **result)
{
	return node != NULL ? host(node, hints, result) : service(name, hints, result);
}

void
freeaddrinfo(struct addrinfo *list)
{
	free(list); /* lists have one entry */
}

struct netent *
getnetbyname(const char *name)
{
	static struct netent entry;
	double number = kpt_lookup(NETWORK, name);

	if (number < 0)
		return NULL;
	entry.n_net = (uint32_t)number;
	return &entry;
}

struct protoent *
getprotobyname(const char *name)
{
	static struct protoent entry;
	double number = kpt_lookup(PROTOCOL, name);

	if (number < 0)
		return NULL;
	entry.p_proto = (int)number;
	return &entry;
}

/* /etc/ethers is a machine's own; as everywhere else it is absent. */
int
ether_hostton(const char *name, struct ether_addr *address)
{
	(void)address;
	kpt_lookup(ETHER_HOST, name);
	return -1;
}
