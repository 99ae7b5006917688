// SPDX-License-Identifier: GPL-2.0
/* The selftest's verdict on a record, and how it is told. */
#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "record/record.h"
#include "selftest/report.h"

static struct selftest_expect expect;
static struct socktrace_event ev;
static struct selftest_difference difference;

/* The clock, and how far it goes from one look at it to the next. */
static long clock_ns, clock_step_ns = 1;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	*ts = (struct timespec){ .tv_nsec = clock_ns += clock_step_ns };
	return 0;
}

/* A connect, and the record of it that is right. */
static int setup(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(81),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	memset(&ev, 0, sizeof(ev));
	ev.size = sizeof(ev);
	ev.type = SOCKTRACE_CONNECT;
	ev.phase = SOCKTRACE_EXIT;
	ev.abi = SOCKTRACE_ABI_X86_64;
	ev.via = SOCKTRACE_VIA_SYSCALL;
	ev.flags = SOCKTRACE_F_SOCK;
	ev.time_ns = 5000000;
	ev.tgid = ev.tid = 7;
	strcpy(ev.comm, "a\nb");
	ev.args[0] = 3;
	ev.args[1] = sizeof(in);
	ev.ret = -111;
	ev.inode = 9;
	ev.sock_family = AF_INET;
	ev.sock_type = SOCK_STREAM;
	ev.sock_protocol = IPPROTO_TCP;
	ev.addr_source = SOCKTRACE_ADDR_KERNEL;
	ev.toctou = SOCKTRACE_TOCTOU_MATCH;
	memset(&expect, 0, sizeof(expect));
	expect.ev = ev;
	expect.until_ns = 6000000;
	expect.fields = (FIELD_BIT(SELFTEST_FIELDS - 1) << 1) - 1;
	expect.addr.length = sizeof(in);
	memcpy(expect.addr.bytes, &in, sizeof(in));
	in.sin_port = htons(4000);
	expect.local.length = sizeof(in);
	memcpy(expect.local.bytes, &in, sizeof(in));

	ev.time_ns += 10;
	ev.duration_ns = 20;
	ev.call_id = 1;
	ev.addr_len = ev.local_len = sizeof(in);
	memcpy(socktrace_addr(&ev), expect.addr.bytes, sizeof(in));
	memcpy(socktrace_local(&ev), expect.local.bytes, sizeof(in));
	return 0;
}

static void right(void **state)
{
	(void)state;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	/* The clocks are not the same one to the last digit. */
	ev.time_ns = 4500000;
	ev.duration_ns = 2000000;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
}

#define assert_differs(name, is, should)                                        \
	do {                                                                    \
		assert_false(selftest_check(&expect, &ev, NULL, &difference));  \
		assert_string_equal(difference.field, name);                    \
		assert_string_equal(difference.got, is);                        \
		assert_string_equal(difference.expected, should);               \
		setup(NULL);                                                    \
	} while (0)

/* The ABI of io_uring's work is not always to be had; a system call's is. */
static void abi_of_no_call(void **state)
{
	(void)state;
	ev.abi = SOCKTRACE_ABI_UNKNOWN;
	ev.via = expect.ev.via = SOCKTRACE_VIA_IO_URING;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	ev.abi = SOCKTRACE_ABI_I386;
	assert_differs("abi", "i386", "x86_64");
	ev.abi = SOCKTRACE_ABI_UNKNOWN;
	assert_differs("abi", "0", "x86_64");
}

static void wrong(void **state)
{
	(void)state;
	ev.type = SOCKTRACE_ACCEPT4;
	assert_differs("event", "accept4", "connect");
	ev.phase = SOCKTRACE_ENTER;
	ev.flags |= SOCKTRACE_F_RETURN_MISSED;
	assert_differs("phase", "enter (the return was missed)", "exit");
	ev.abi = 200;
	assert_differs("abi", "200", "x86_64");
	ev.via = SOCKTRACE_VIA_IO_URING;
	assert_differs("via", "io_uring", "syscall");
	ev.tid = 8;
	assert_differs("tid", "8", "7");
	ev.loginuid = UINT32_MAX;
	assert_differs("loginuid", "none", "0");
	ev.sessionid = 3;
	assert_differs("session", "3", "0");
	/* What /proc can't show is no difference. */
	ev.start_ns = 999999999 / (unsigned int)sysconf(_SC_CLK_TCK);
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	ev.start_ns = 1000000000;
	assert_differs("start", "100", "0");
	strcpy(ev.comm, "\033[m");
	assert_differs("comm", "\\x1b[m", "a\\x0ab");
	ev.time_ns = 3999999;
	assert_differs("time", "3999999 ns", "4000000 to 6000000 ns");
	ev.time_ns = 6000001;
	assert_differs("time", "6000001 ns", "4000000 to 6000000 ns");
	ev.call_id = 0;
	assert_differs("call", "0", "a number");
	ev.args[1] = -1;
	assert_differs("args", "3, -1", "3, 16");
	ev.ret = 0;
	assert_differs("ret", "0", "-111 (ECONNREFUSED)");
	expect.fields = FIELD_BIT(FIELD_SV);
	expect.ev.flags |= SOCKTRACE_F_SV;
	expect.sv[0] = 3;
	expect.sv[1] = 4;
	assert_false(selftest_check(&expect, &ev, NULL, &difference));
	assert_string_equal(difference.got, "none");
	ev.flags |= SOCKTRACE_F_SV;
	ev.sv[0] = 3;
	ev.sv[1] = 4;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	ev.sv[1] = 5;
	assert_differs("sv", "3, 5", "3, 4");
	ev.duration_ns = 0;
	assert_differs("duration_ns", "0", "1 to 2000000");
	ev.flags = 0;
	assert_differs("inode", "none", "9");
	ev.sock_type = SOCK_DGRAM;
	assert_differs("type", "SOCK_DGRAM", "SOCK_STREAM");
	ev.sock_protocol = IPPROTO_UDP;
	assert_differs("protocol", "IPPROTO_UDP", "IPPROTO_TCP");
	ev.addrs[3] = 82;
	assert_differs("addr", "{AF_INET 127.0.0.1:82}", "{AF_INET 127.0.0.1:81}");
	ev.addr_len = 0;
	assert_false(selftest_check(&expect, &ev, NULL, &difference));
	assert_string_equal(difference.got, "none");
	setup(NULL);
	ev.addr_source = SOCKTRACE_ADDR_USER;
	assert_differs("addr_source", "user", "kernel");
	ev.toctou = SOCKTRACE_TOCTOU_UNREADABLE;
	assert_differs("toctou", "unreadable", "match");
	ev.local_len = 0;
	assert_differs("local", "none", "{AF_INET 127.0.0.1:4000}");
	ev.flags |= SOCKTRACE_F_PEERCRED;
	assert_differs("peer", "pid 0, uid 0", "none");
	ev.flags |= SOCKTRACE_F_QUEUE;
	ev.queue_limit = 5;
	assert_differs("queue", "0/5", "none");
}

/* A call may begin and end between two steps of the clock. */
static void coarse(void **state)
{
	(void)state;
	ev.duration_ns = 0;
	assert_differs("duration_ns", "0", "1 to 2000000");
	clock_step_ns = 0;
	ev.duration_ns = 0;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	ev.duration_ns = 2000001;
	assert_differs("duration_ns", "2000001", "0 to 2000000");
	clock_step_ns = 1;
}

/* What is not known is not compared; what can't be known everywhere need not be. */
static void unknown(void **state)
{
	(void)state;
	expect.fields &= ~FIELD_BIT(FIELD_TID);
	ev.tid = 4711;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	expect.ev.mntns = 5;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	ev.mntns = 4;
	assert_differs("mntns", "4", "5");
	expect.ev.ret = 0;
	expect.or_in_progress = true;
	ev.ret = -115;
	assert_true(selftest_check(&expect, &ev, NULL, &difference));
	ev.ret = -111;
	assert_differs("ret", "-111 (ECONNREFUSED)", "0");
}

static void pairs(void **state)
{
	struct socktrace_event before = { .call_id = 1 };

	(void)state;
	expect.same_call = true;
	assert_true(selftest_check(&expect, &ev, &before, &difference));
	before.call_id = 2;
	assert_false(selftest_check(&expect, &ev, &before, &difference));
	assert_string_equal(difference.expected, "2, as the record before");
}

/* Lengths of a record that lie are of no harm. */
static void hostile(void **state)
{
	unsigned int length;

	(void)state;
	for (length = 0; length < 256; length++) {
		memset(&ev, 0xff, sizeof(ev));
		memset(ev.addrs, (int)length, sizeof(ev.addrs));
		ev.type = SOCKTRACE_CONNECT;
		ev.addrs[0] = (uint8_t)(length % 20);
		ev.addrs[1] = 0;
		ev.addr_len = ev.local_len = (uint8_t)length;
		expect.fields = FIELD_BIT(FIELD_ADDR);
		assert_false(selftest_check(&expect, &ev, NULL, &difference));
		expect.fields = FIELD_BIT(FIELD_LOCAL);
		selftest_check(&expect, &ev, NULL, &difference);
	}
}

static const struct selftest_row rows[] = {
	{ .name = "one", .events = SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4),
	  .via = SOCKTRACE_VIA_SYSCALL },
	{ .name = "two", .events = SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4),
	  .via = SOCKTRACE_VIA_IO_URING },
	{ .name = "three", .events = SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET),
	  .via = SOCKTRACE_VIA_SYSCALL },
};

/* One of them is not bound, and one can't be armed. */
#define ARMED (SOCKTRACE_PROBE_BOUND | SOCKTRACE_PROBE_ARMED)
static const struct device device = {
	.info = { .module_version = "1.2", .nr_probes = 5 },
	.probes = {
		{ "sys_accept4", 0, 0, SOCKTRACE_ACCEPT4, ARMED, SOCKTRACE_VIA_SYSCALL },
		{ "sys_accept", 0, 0, SOCKTRACE_ACCEPT4, ARMED, SOCKTRACE_VIA_SYSCALL },
		{ "do_accept", 0, 0, SOCKTRACE_ACCEPT4, ARMED, SOCKTRACE_VIA_IO_URING },
		{ "accept_now", 0, 0, SOCKTRACE_ACCEPT4, SOCKTRACE_PROBE_BOUND, SOCKTRACE_VIA_SYSCALL },
		{ "__sys_socket", 0, 0, SOCKTRACE_SOCKET, 0, SOCKTRACE_VIA_SYSCALL },
	},
};

static struct out out;

static struct selftest_report begin(bool json)
{
	struct selftest_report report = { .out = &out, .device = &device, .json = json };

	if (!out.buffer)
		assert_int_equal(out_open(&out, -1, NULL), 0);
	out.length = 0;
	selftest_report_begin(&report);
	out.length = 0;
	return report;
}

/* What was told since the last time. */
static const char *told(void)
{
	memcpy(unit_buffer, out.buffer, out.length);
	unit_buffer[out.length] = '\0';
	out.length = 0;
	return unit_buffer;
}

static void text(void **state)
{
	static struct selftest_verdict verdict = {
		.result = SELFTEST_SEEN,
		.fields = FIELD_BIT(FIELD_ADDR_SOURCE + 2) - 1,
		.reason = "no\nsuch thing",
		.difference = { "ret", "0", "-1 (EPERM)" },
	};
	struct selftest_report report = begin(false);
	const char *row;

	(void)state;
	selftest_report_row(&report, &rows[0], &verdict);
	row = told();
	assert_memory_equal(row, "one ", 4);
	assert_non_null(strstr(row, " sys_accept4,sys_accept "));
	assert_non_null(strstr(row, " seen               toctou\n"));
	/* What is compared elsewhere, and not here. */
	verdict.fields = FIELD_BIT(FIELD_ADDR_SOURCE + 1) - 1;
	verdict.fields &= ~(FIELD_BIT(FIELD_TID) | FIELD_BIT(FIELD_NSTID));
	selftest_report_row(&report, &rows[1], &verdict);
	row = told();
	assert_non_null(strstr(row, " do_accept "));
	assert_non_null(strstr(row, " seen               (not tid nstid)\n"));
	verdict.result = SELFTEST_WRONG;
	selftest_report_row(&report, &rows[1], &verdict);
	assert_non_null(strstr(told(), " WRONG              ret: got 0, expected -1 (EPERM)\n"));
	verdict.result = SELFTEST_ABSENT;
	selftest_report_row(&report, &rows[2], &verdict);
	row = told();
	assert_non_null(strstr(row, " -  "));
	assert_non_null(strstr(row, " not in this kernel no\\x0asuch thing\n"));
	verdict.result = SELFTEST_NOT_SEEN;
	report.color = true;
	selftest_report_row(&report, &rows[2], &verdict);
	assert_non_null(strstr(told(), "\033[1;31mNOT SEEN           \033[0m\n"));
	assert_false(selftest_report_end(&report));
	row = told();
	assert_non_null(strstr(row, "Compared in each row, too: event phase abi via pid tid "));
	assert_non_null(strstr(row, ", socktrace 1.2: 2 seen, 1 NOT SEEN, 1 WRONG, "
				    "1 not in this kernel. NOT every path that this kernel has "
				    "is seen.\n"));
}

static void json(void **state)
{
	static struct selftest_verdict verdict = {
		.result = SELFTEST_SEEN,
		.fields = FIELD_BIT(FIELD_PID) | FIELD_BIT(FIELD_ADDR),
		.reason = "no \"x\"",
		.difference = { "addr", "{AF_UNIX \"\\x0a\"}", "none" },
	};
	struct selftest_report report = begin(true);

	(void)state;
	selftest_report_row(&report, &rows[0], &verdict);
	assert_string_equal(told(), "{\"event\":\"selftest\",\"path\":\"one\",\"symbols\":"
				    "[\"sys_accept4\",\"sys_accept\"],\"result\":\"seen\","
				    "\"fields\":[\"pid\",\"addr\"]}\n");
	verdict.result = SELFTEST_WRONG;
	selftest_report_row(&report, &rows[2], &verdict);
	assert_string_equal(told(), "{\"event\":\"selftest\",\"path\":\"three\",\"symbols\":[],"
				    "\"result\":\"wrong\",\"field\":\"addr\",\"got\":"
				    "\"{AF_UNIX \\\"\\\\\\\\x0a\\\"}\",\"expected\":\"none\"}\n");
	verdict.result = SELFTEST_UNTRIED;
	selftest_report_row(&report, &rows[1], &verdict);
	assert_string_equal(told(), "{\"event\":\"selftest\",\"path\":\"two\",\"symbols\":"
				    "[\"do_accept\"],\"result\":\"untried\",\"reason\":"
				    "\"no \\\"x\\\"\"}\n");
	assert_false(selftest_report_end(&report));
	assert_non_null(strstr(told(), "\"module\":\"1.2\",\"seen\":1,\"not_seen\":0,\"wrong\":1,"
				       "\"absent\":0,\"untried\":1,\"ok\":false}\n"));
}

/* Success is that something was seen, and nothing unseen, wrong or untried. */
static void success(void **state)
{
	static const struct {
		unsigned int counts[SELFTEST_RESULTS];
		bool good;
	} cases[] = {
		{ { [SELFTEST_SEEN] = 1 }, true },
		{ { [SELFTEST_SEEN] = 1, [SELFTEST_ABSENT] = 9 }, true },
		{ { [SELFTEST_ABSENT] = 9 }, false },
		{ { [SELFTEST_SEEN] = 9, [SELFTEST_NOT_SEEN] = 1 }, false },
		{ { [SELFTEST_SEEN] = 9, [SELFTEST_WRONG] = 1 }, false },
		{ { [SELFTEST_SEEN] = 9, [SELFTEST_UNTRIED] = 1 }, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct selftest_report report = begin(true);

		memcpy(report.counts, cases[i].counts, sizeof(report.counts));
		assert_int_equal(selftest_report_end(&report), cases[i].good);
	}
}

static int teardown(void **state)
{
	(void)state;
	out_close(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(right, setup),	cmocka_unit_test_setup(wrong, setup),
		cmocka_unit_test_setup(coarse, setup),	cmocka_unit_test_setup(abi_of_no_call, setup),
		cmocka_unit_test_setup(unknown, setup), cmocka_unit_test_setup(pairs, setup),
		cmocka_unit_test_setup(hostile, setup), cmocka_unit_test(text),
		cmocka_unit_test(json),			cmocka_unit_test(success),
	};

	return cmocka_run_group_tests_name("selftest", tests, NULL, teardown);
}
