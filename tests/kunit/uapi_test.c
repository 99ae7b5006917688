// SPDX-License-Identifier: GPL-2.0-only
/* The numbers of the interface, as readers that are installed know them. */
#include <linux/kernel.h>
#include <linux/stddef.h>

#include "../../uapi/socktrace.h"
#include "suites.h"

/* How an architecture says that a command reads or writes is its own affair. */
#define READS (_IOC_READ << _IOC_DIRSHIFT)
#define WRITES (_IOC_WRITE << _IOC_DIRSHIFT)
#define NEITHER ((unsigned int)_IOC_NONE << _IOC_DIRSHIFT)

static void command_numbers_stay(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_GET_INFO, READS | WRITES | 0x60d701UL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_SET_CONFIG, READS | WRITES | 0x18d702UL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_SET_FILTER, READS | WRITES | 0x20d703UL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_GET_FILTER, READS | WRITES | 0x20d704UL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_GET_INFLIGHT, READS | WRITES | 0x20d709UL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_START, NEITHER | 0xd705U);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_STOP, NEITHER | 0xd706U);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_GET_STATS, READS | 0x50d707UL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IOC_FLUSH, NEITHER | 0xd708U);
}

#define FIELD(field)                                                           \
	{ #field, offsetof(struct socktrace_event, field),                     \
	  sizeof(((struct socktrace_event *)0)->field) }

static void record_has_no_hole(struct kunit *test)
{
	static const struct {
		const char *name;
		size_t at, size;
	} fields[] = {
		FIELD(size), FIELD(type), FIELD(phase), FIELD(version), FIELD(abi),
		FIELD(via), FIELD(flags), FIELD(cpu), FIELD(time_ns),
		FIELD(duration_ns), FIELD(seq), FIELD(call_id), FIELD(inode),
		FIELD(cgroup_id), FIELD(start_ns), FIELD(image), FIELD(tgid),
		FIELD(tid), FIELD(ppid), FIELD(uid), FIELD(gid), FIELD(euid),
		FIELD(loginuid), FIELD(sessionid), FIELD(ns_tgid), FIELD(ns_tid),
		FIELD(netns), FIELD(mntns), FIELD(pidns), FIELD(comm), FIELD(args), FIELD(ret),
		FIELD(sock_family), FIELD(sock_type), FIELD(sock_protocol),
		FIELD(addr_len), FIELD(local_len), FIELD(addr_source), FIELD(toctou),
		FIELD(reserved1), FIELD(queue_len), FIELD(queue_limit),
		FIELD(peer_pid), FIELD(peer_uid), FIELD(addrs),
	};
	size_t end = 0, i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		KUNIT_EXPECT_EQ_MSG(test, fields[i].at, end, "%s", fields[i].name);
		KUNIT_EXPECT_EQ_MSG(test, fields[i].at % min_t(size_t, fields[i].size, 4),
				    (size_t)0, "%s", fields[i].name);
		end = fields[i].at + fields[i].size;
	}
	KUNIT_EXPECT_EQ(test, end, sizeof(struct socktrace_event));
	KUNIT_EXPECT_EQ(test, sizeof(struct socktrace_event) % 64, (size_t)0);
}

static void every_type_has_its_own_bit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, SOCKTRACE_EVENTS_DEFAULT, 0xfeU);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_EVENTS_ALL, 0x3feU);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_EVENT_BIT(SOCKTRACE_LOST) & SOCKTRACE_EVENTS_ALL, 0U);
}

static struct kunit_case uapi_cases[] = {
	KUNIT_CASE(command_numbers_stay),
	KUNIT_CASE(record_has_no_hole),
	KUNIT_CASE(every_type_has_its_own_bit),
	{}
};

struct kunit_suite uapi_suite = {
	.name = "socktrace_uapi",
	.test_cases = uapi_cases,
};
