// SPDX-License-Identifier: GPL-2.0
/* What there is to be traced: calls that succeed, and calls that fail in each way. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	uint8_t bytes[160];
};

/* Returns its length, which may be wrong. */
static socklen_t random_address(struct rng *rng, union address *to)
{
	socklen_t len;

	memset(to, 0, sizeof(*to));
	switch (below(rng, 5)) {
	case 0:
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(between(rng, 1, 9)); /* nobody listens */
		to->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + below(rng, 5));
		len = sizeof(to->in);
		break;
	case 1:
		to->in6.sin6_family = AF_INET6;
		to->in6.sin6_port = htons(between(rng, 1, 9));
		to->in6.sin6_addr = in6addr_loopback;
		len = sizeof(to->in6);
		break;
	case 2:
		to->un.sun_family = AF_UNIX;
		len = between(rng, 1, sizeof(to->un.sun_path));
		memset(to->un.sun_path, 'p', len);
		to->un.sun_path[0] = one_in(rng, 2) ? '/' : '\0';
		len += offsetof(struct sockaddr_un, sun_path);
		break;
	case 3:
		to->sa.sa_family = AF_UNSPEC;
		len = sizeof(to->sa);
		break;
	default:
		rng_fill(rng, to->bytes, sizeof(to->bytes));
		to->sa.sa_family = below(rng, 46);
		len = below(rng, sizeof(to->bytes) + 1);
	}
	return one_in(rng, 10) ? below(rng, sizeof(to->bytes) + 1) : len;
}

static void connect_somewhere(struct rng *rng)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK };
	union address address;
	socklen_t len = random_address(rng, &address);
	int family = one_in(rng, 3) ? families[below(rng, 4)] : address.sa.sa_family;
	int type = one_in(rng, 2) ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	connect(fd, one_in(rng, 10) ? (void *)8 : &address.sa, len);
	if (one_in(rng, 4)) /* once more, to the same, or to have it undone */
		connect(fd, &address.sa, one_in(rng, 2) ? len : sizeof(address.sa));
	if (fd >= 0)
		close(fd);
}

static void accept_one(struct rng *rng)
{
	int family = one_in(rng, 2) ? AF_UNIX : AF_INET;
	int listener = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int client = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_storage peer;
	union address address = { .sa.sa_family = family };
	socklen_t len = sizeof(address), peer_len = sizeof(peer);
	int fd = -1;

	/* The kernel finds a port, or an abstract name. */
	if (listener < 0 || client < 0 ||
	    bind(listener, &address.sa, family == AF_UNIX ? 2 : sizeof(address.in)) ||
	    getsockname(listener, &address.sa, &len) || listen(listener, 4))
		goto out;
	if (!one_in(rng, 4))
		connect(client, &address.sa, len);
	fd = one_in(rng, 2) ? accept4(listener, (void *)&peer, &peer_len, SOCK_CLOEXEC) :
			      accept4(listener, NULL, NULL, rng_next(rng) & SOCK_NONBLOCK);
out:
	if (fd >= 0)
		close(fd);
	if (client >= 0)
		close(client);
	if (listener >= 0)
		close(listener);
}

static void make_pair(struct rng *rng)
{
	int sv[2];

	if (one_in(rng, 8)) {
		syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8);
		return;
	}
	if (socketpair(one_in(rng, 4) ? (int)below(rng, 46) : AF_UNIX,
		       between(rng, 1, 5) | SOCK_CLOEXEC, 0, sv))
		return;
	close(sv[0]);
	close(sv[1]);
}

static void make_socket(struct rng *rng)
{
	/* Not of every family: the kernel would look for a module each time. */
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET,
					-1, 46, 1000 };
	int fd = socket(families[below(rng, 8)],
			one_in(rng, 4) ? (int)rng_next(rng) : (int)between(rng, 1, 5),
			one_in(rng, 2) ? 0 : (int)below(rng, 300));

	if (fd >= 0)
		close(fd);
}

void make_traffic(struct rng *rng)
{
	char name[20] = { 0 };

	did(DID_TRAFFIC);
	switch (below(rng, 16)) {
	case 0:
		rng_fill(rng, name, below(rng, sizeof(name) - 1));
		prctl(PR_SET_NAME, name);
		break;
	case 1: /* of no socket at all */
		connect(below(rng, 3) - 1, NULL, 0);
		accept4(below(rng, 3) - 1, NULL, NULL, rng_next(rng));
		break;
	case 2:
	case 3:
		make_pair(rng);
		break;
	case 4:
	case 5:
	case 6:
		accept_one(rng);
		break;
	case 7:
	case 8:
	case 9:
	case 10:
		connect_somewhere(rng);
		break;
	default:
		make_socket(rng);
	}
}

/* Bursts, with room for the others between them. */
void *traffic_thread(void *stream)
{
	struct rng rng;

	rng_init(&rng, seed, (uintptr_t)stream);
	while (!shared->over) {
		for (unsigned int n = between(&rng, 1, 64); n && !shared->over; n--)
			make_traffic(&rng);
		usleep(between(&rng, 100, 20000));
	}
	return NULL;
}

void traffic_process(void)
{
	pthread_t second;

	if (pthread_create(&second, NULL, traffic_thread, (void *)1001))
		_exit(2);
	traffic_thread((void *)1002);
	pthread_join(second, NULL);
}
