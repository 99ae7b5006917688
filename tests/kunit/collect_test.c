// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/collect.c"

#include <linux/net.h>
#include <net/net_namespace.h>

#include "suites.h"

#define GUARD 0x5a

struct guarded {
	struct st_ends ends;
	u8 guard[64];
};

/* The ends of a call on @sock with an address of @addr_len bytes of nobody's family. */
static void collect_behind(struct kunit *test, struct guarded *g, struct socket *sock,
			   unsigned int addr_len)
{
	u8 addr[ST_RECORD_ADDR_MAX] = { 0 };
	size_t i;

	((struct sockaddr *)addr)->sa_family = AF_MAX;
	memset(g, GUARD, sizeof(*g));
	st_ends_clear(&g->ends);
	st_ends_set_addr(&g->ends, addr, addr_len);
	st_collect_local(&g->ends, sock);
	KUNIT_EXPECT_EQ(test, g->ends.addr_len, (u8)addr_len);
	for (i = 0; i < sizeof(g->guard); i++)
		KUNIT_EXPECT_EQ_MSG(test, g->guard[i], (u8)GUARD, "behind %zu of addr", i);
}

/* Anybody can connect any socket to 128 bytes. */
static void local_never_leaves_its_place(struct kunit *test)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	struct guarded *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	unsigned int addr_len;
	struct socket *sock;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, g);
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		if (sock_create_kern(&init_net, families[i], SOCK_DGRAM, 0, &sock))
			continue; /* not in this kernel */
		/* Makes a port, and so a name. */
		if (families[i] != AF_UNIX)
			inet_sk(sock->sk)->inet_sport = htons(7);
		for (addr_len = 2; addr_len <= ST_RECORD_ADDR_MAX; addr_len++)
			collect_behind(test, g, sock, addr_len);
		sock_release(sock);
	}
}

static void what_has_no_room_is_told_to_be_cut(struct kunit *test)
{
	struct guarded *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	struct socket *sock;

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &sock), 0);
	inet_sk(sock->sk)->inet_sport = htons(7);
	collect_behind(test, g, sock, SOCKTRACE_ADDRS_LEN - 16);
	KUNIT_EXPECT_EQ(test, g->ends.local_len, (u8)16);
	KUNIT_EXPECT_EQ(test, g->ends.flags, 0U);
	collect_behind(test, g, sock, SOCKTRACE_ADDRS_LEN - 8);
	KUNIT_EXPECT_EQ(test, g->ends.local_len, (u8)8);
	KUNIT_EXPECT_EQ(test, g->ends.flags, SOCKTRACE_F_LOCAL_TRUNCATED);
	sock_release(sock);
}

static struct kunit_case collect_cases[] = {
	KUNIT_CASE(local_never_leaves_its_place),
	KUNIT_CASE(what_has_no_room_is_told_to_be_cut),
	{}
};

struct kunit_suite collect_suite = {
	.name = "socktrace_collect",
	.test_cases = collect_cases,
};
