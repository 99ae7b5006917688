// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/record.c"

#include "fixture.h"
#include "suites.h"

static void init_leaves_no_old_byte(struct kunit *test)
{
	struct socktrace_event ev, zero = { 0 };

	memset(&ev, 0xa5, sizeof(ev));
	st_record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	KUNIT_EXPECT_EQ(test, ev.size, (u16)sizeof(ev));
	KUNIT_EXPECT_EQ(test, ev.version, (u16)SOCKTRACE_RECORD_VERSION);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_CONNECT);
	KUNIT_EXPECT_EQ(test, ev.phase, (u8)SOCKTRACE_EXIT);
	KUNIT_EXPECT_EQ(test, ev.via, (u8)SOCKTRACE_VIA_SYSCALL);
	ev.size = ev.version = ev.type = ev.phase = ev.via = 0;
	KUNIT_EXPECT_EQ(test, memcmp(&ev, &zero, sizeof(ev)), 0);
}

static void completion_is_entry_plus_duration(struct kunit *test)
{
	struct socktrace_event ev;

	st_record_init(&ev, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	ev.time_ns = 1ULL << 40;
	ev.duration_ns = 7;
	KUNIT_EXPECT_EQ(test, st_record_completion(&ev), (1ULL << 40) + 7);
}

static void lost_tells_where_and_how_many(struct kunit *test)
{
	struct socktrace_event ev;

	memset(&ev, 0xa5, sizeof(ev));
	st_record_set_lost(&ev, 3, 17, 1ULL << 33, 99);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_LOST);
	KUNIT_EXPECT_EQ(test, ev.phase, (u8)SOCKTRACE_POINT);
	KUNIT_EXPECT_EQ(test, ev.cpu, 3U);
	KUNIT_EXPECT_EQ(test, ev.seq, 17ULL);
	KUNIT_EXPECT_EQ(test, ev.lost_count, 1ULL << 33);
	KUNIT_EXPECT_EQ(test, ev.lost_reason, (u32)SOCKTRACE_LOST_RING_FULL);
	KUNIT_EXPECT_EQ(test, ev.time_ns, 99ULL);
	KUNIT_EXPECT_EQ(test, ev.tgid, 0U);
	KUNIT_EXPECT_EQ(test, ev.via, (u8)0);
}

static void local_lies_behind_addr(struct kunit *test)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = 1 };
	struct sockaddr_in6 b = { .sin6_family = AF_INET6, .sin6_port = 2 };
	struct socktrace_event ev;

	st_record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	set_ends(&ev, &a, sizeof(a), &b, sizeof(b));
	KUNIT_EXPECT_EQ(test, ev.addr_len, (u8)sizeof(a));
	KUNIT_EXPECT_EQ(test, ev.local_len, (u8)sizeof(b));
	KUNIT_EXPECT_EQ(test, memcmp(socktrace_addr(&ev), &a, sizeof(a)), 0);
	KUNIT_EXPECT_EQ(test, memcmp(socktrace_local(&ev), &b, sizeof(b)), 0);
	KUNIT_EXPECT_EQ(test, ev.flags, 0U);

	/* Without an address, local has all the room. */
	st_record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	set_ends(&ev, NULL, 0, &b, sizeof(b));
	KUNIT_EXPECT_EQ(test, memcmp(ev.addrs, &b, sizeof(b)), 0);
}

static void an_unaligned_addr_keeps_local_aligned(struct kunit *test)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/a" };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 1 };
	struct socktrace_event ev;

	st_record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	set_ends(&ev, &un, sizeof(un), &in, sizeof(in));
	KUNIT_EXPECT_EQ(test, ev.addr_len, (u8)5);
	KUNIT_EXPECT_PTR_EQ(test, (void *)socktrace_local(&ev), (void *)&ev.addrs[8]);
	KUNIT_EXPECT_EQ(test, memcmp(&ev.addrs[8], &in, sizeof(in)), 0);
}

static void two_full_paths_cut_only_local(struct kunit *test)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, b = { .sun_family = AF_UNIX };
	struct {
		struct socktrace_event ev;
		u8 guard[16];
	} r;

	memset(a.sun_path, 'a', sizeof(a.sun_path));
	memset(b.sun_path, 'b', sizeof(b.sun_path));
	memset(&r, 0x5a, sizeof(r));
	st_record_init(&r.ev, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	set_ends(&r.ev, &a, sizeof(a), &b, sizeof(b));
	KUNIT_EXPECT_EQ(test, r.ev.addr_len, (u8)sizeof(a));
	KUNIT_EXPECT_EQ(test, r.ev.local_len, (u8)(SOCKTRACE_ADDRS_LEN - 112));
	KUNIT_EXPECT_EQ(test, r.ev.flags, SOCKTRACE_F_LOCAL_TRUNCATED);
	KUNIT_EXPECT_EQ(test, memcmp(socktrace_local(&r.ev), &b, r.ev.local_len), 0);
	KUNIT_EXPECT_EQ(test, r.guard[0], (u8)0x5a);
}

static void the_longest_addr_leaves_no_room(struct kunit *test)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 5 };
	u8 longest[ST_RECORD_ADDR_MAX + 8] = { 0 };
	struct socktrace_event ev;

	((struct sockaddr *)longest)->sa_family = AF_MAX;
	st_record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	set_ends(&ev, longest, sizeof(longest), &in, sizeof(in));
	KUNIT_EXPECT_EQ(test, ev.addr_len, (u8)ST_RECORD_ADDR_MAX);
	KUNIT_EXPECT_EQ(test, ev.local_len, (u8)0);
	KUNIT_EXPECT_EQ(test, ev.flags, SOCKTRACE_F_LOCAL_TRUNCATED);
}

/* What the ends don't have is not in the record, whatever stood in its place. */
static void a_record_has_no_more_than_its_ends(struct kunit *test)
{
	static const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/a" };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 5 };
	struct socktrace_event ev, wanted;
	struct st_ends ends;

	gather_ends(&ends, &un, sizeof(un), &in, sizeof(in));
	ends.addr_source = SOCKTRACE_ADDR_KERNEL;
	st_record_init(&ev, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	st_record_init(&wanted, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	wanted.addr_len = 2 + 7;
	wanted.local_len = sizeof(in);
	wanted.addr_source = SOCKTRACE_ADDR_KERNEL;
	memcpy(wanted.addrs, &un, 2 + 7);
	memcpy(wanted.addrs + 16, &in, sizeof(in));
	st_record_set_ends(&ev, &ends);
	KUNIT_EXPECT_EQ(test, memcmp(&ev, &wanted, sizeof(ev)), 0);

	ends.flags = SOCKTRACE_F_QUEUE | SOCKTRACE_F_PEERCRED;
	ends.queue_len = 1;
	ends.queue_limit = 2;
	ends.peer_pid = 3;
	ends.peer_uid = 4;
	wanted.flags = ends.flags;
	wanted.queue_len = 1;
	wanted.queue_limit = 2;
	wanted.peer_pid = 3;
	wanted.peer_uid = 4;
	st_record_init(&ev, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	st_record_set_ends(&ev, &ends);
	KUNIT_EXPECT_EQ(test, memcmp(&ev, &wanted, sizeof(ev)), 0);
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(init_leaves_no_old_byte),
	KUNIT_CASE(completion_is_entry_plus_duration),
	KUNIT_CASE(lost_tells_where_and_how_many),
	KUNIT_CASE(local_lies_behind_addr),
	KUNIT_CASE(an_unaligned_addr_keeps_local_aligned),
	KUNIT_CASE(two_full_paths_cut_only_local),
	KUNIT_CASE(the_longest_addr_leaves_no_room),
	KUNIT_CASE(a_record_has_no_more_than_its_ends),
	{}
};

struct kunit_suite record_suite = {
	.name = "socktrace_record",
	.test_cases = record_cases,
};
