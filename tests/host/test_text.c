// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "format/text.h"

static struct walltime wall;
static struct text text;
static struct procinfo proc;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	walltime_init(&wall);
	/* 15:04:05 at boot */
	wall.offset_ns = (15 * 3600 + 4 * 60 + 5) * 1000000000LL;
	text_init(&text, &wall, false);
	text.native_abi = SOCKTRACE_ABI_X86_64;
	return 0;
}

static struct socktrace_event event(unsigned int type, unsigned int phase)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = (__u8)type,
		.phase = (__u8)phase,
		.version = SOCKTRACE_RECORD_VERSION,
		.abi = SOCKTRACE_ABI_X86_64,
		.via = SOCKTRACE_VIA_SYSCALL,
		.time_ns = 123456789,
		.duration_ns = 12345,
		.tgid = 1234,
		.tid = 1234,
		.comm = "curl",
	};

	return ev;
}

static void set_addr(struct socktrace_event *ev, unsigned int source, const void *addr,
		     size_t length)
{
	memcpy(ev->addrs, addr, length);
	ev->addr_len = (__u8)length;
	ev->addr_source = (__u8)source;
}

static void set_local(struct socktrace_event *ev, const void *addr, size_t length)
{
	memcpy(socktrace_local(ev), addr, length);
	ev->local_len = (__u8)length;
}

static struct sockaddr_in inet(uint32_t ip, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(ip) };
}

#define CURL "15:04:05.123456 curl[1234]           "

#define assert_line(ev, expected) assert_text(text_event(&text, unit_buffer, ev), expected "\n")

static void socket_call(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_SOCKET, SOCKTRACE_EXIT);

	(void)state;
	ev.args[0] = AF_INET;
	ev.args[1] = SOCK_STREAM | SOCK_CLOEXEC;
	ev.args[2] = IPPROTO_TCP;
	ev.ret = 3;
	assert_line(&ev, CURL "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP)"
			      "     = 3 <0.000012>");
	ev.args[0] = 99;
	ev.args[1] = 0x40 | 13;
	ev.args[2] = -1;
	ev.ret = -EAFNOSUPPORT;
	assert_line(&ev, CURL "socket(99, 13|0x40, -1)"
			      "                                    = -1 EAFNOSUPPORT <0.000012>");
	ev.args[0] = AF_PACKET;
	ev.args[1] = SOCK_RAW;
	ev.args[2] = htons(3);
	ev.duration_ns = 61000001999;
	assert_line(&ev, CURL "socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))"
			      "              = -1 EAFNOSUPPORT <61.000001>");
}

static void accept_that_entered_before(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_ACCEPT4, SOCKTRACE_POINT);
	const struct sockaddr_in in = { AF_INET, htons(80), { htonl(0x0a000001) }, { 0 } };

	(void)state;
	ev.flags = SOCKTRACE_F_ENTERED_BEFORE;
	ev.via = SOCKTRACE_VIA_UNKNOWN;
	ev.args[0] = -1;
	ev.addr_len = sizeof(in);
	memcpy(ev.addrs, &in, sizeof(in));
	ev.addr_source = SOCKTRACE_ADDR_KERNEL;
	assert_line(&ev, CURL "accept4(-, {AF_INET 10.0.0.1:80}, ?) entered before");
}

static void other_pid_namespaces(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_SOCKET, SOCKTRACE_ENTER);

	(void)state;
	ev.pidns = 4026532001;
	ev.ns_tgid = ev.ns_tid = 7;
	proc.pidns = 4026532001;
	text.columns.proc = &proc;
	*text_event(&text, unit_buffer, &ev) = '\0';
	assert_non_null(strstr(unit_buffer, " curl[7@1234] "));
	ev.tid = 1240;
	ev.ns_tid = 9;
	*text_event(&text, unit_buffer, &ev) = '\0';
	assert_non_null(strstr(unit_buffer, " curl[7/9@1234/1240] "));
	ev.pidns = 4026532002;
	*text_event(&text, unit_buffer, &ev) = '\0';
	assert_non_null(strstr(unit_buffer, " curl[@1234/1240] "));
	text.columns.proc = NULL;
}

static void bind_and_listen(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_BIND, SOCKTRACE_EXIT);
	const struct sockaddr_in in = { AF_INET, htons(80), { htonl(0x0a000001) }, { 0 } };

	(void)state;
	ev.args[0] = 7;
	ev.args[1] = 16;
	ev.addr_len = sizeof(in);
	memcpy(ev.addrs, &in, sizeof(in));
	ev.addr_source = SOCKTRACE_ADDR_KERNEL;
	assert_line(&ev, CURL "bind(7, {AF_INET 10.0.0.1:80}, 16)"
			      "                         = 0 <0.000012>");
	ev.ret = -EADDRINUSE;
	assert_line(&ev, CURL "bind(7, {AF_INET 10.0.0.1:80}, 16)"
			      "                         = -1 EADDRINUSE <0.000012>");
	ev = event(SOCKTRACE_LISTEN, SOCKTRACE_EXIT);
	ev.args[0] = 7;
	ev.args[1] = 5;
	ev.flags = SOCKTRACE_F_QUEUE;
	ev.queue_limit = 5;
	assert_line(&ev, CURL "listen(7, 5)"
			      "                                               = 0 <0.000012> queue=0/5");
}

static void socketpair_call(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_SOCKETPAIR, SOCKTRACE_EXIT);

	(void)state;
	ev.args[0] = AF_UNIX;
	ev.args[1] = SOCK_STREAM;
	ev.flags = SOCKTRACE_F_SOCK | SOCKTRACE_F_SV;
	ev.sv[0] = 3;
	ev.sv[1] = 4;
	assert_line(&ev, CURL "socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4])"
			      "                = 0 <0.000012>");
	ev.flags = 0;
	assert_line(&ev, CURL "socketpair(AF_UNIX, SOCK_STREAM, 0, [?])"
			      "                   = 0 <0.000012>");
	ev.args[1] |= SOCK_CLOEXEC;
	ev.ret = -EFAULT;
	assert_line(&ev, CURL "socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, -)"
			      "        = -1 EFAULT <0.000012>");
	ev.phase = SOCKTRACE_ENTER;
	ev.ret = 0;
	assert_line(&ev, CURL "socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, -) ...");
}

static void outcome_of_a_connect(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	struct sockaddr_in to = inet(INADDR_LOOPBACK, 80), from = inet(INADDR_LOOPBACK, 40112);

	(void)state;
	ev.args[0] = 3;
	ev.args[1] = 16;
	ev.ret = -EINPROGRESS;
	ev.flags = SOCKTRACE_F_OUTCOME_MISSED;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &to, sizeof(to));
	assert_line(&ev, CURL "connect(3, {AF_INET 127.0.0.1:80}, 16)                     "
			      "= -1 EINPROGRESS <0.000012> OUTCOME MISSED");
	ev.type = SOCKTRACE_CONNECTED;
	ev.phase = SOCKTRACE_POINT;
	ev.ret = 0;
	ev.flags = 0;
	set_local(&ev, &from, sizeof(from));
	assert_line(&ev, CURL "connected(3, {AF_INET 127.0.0.1:80})                       "
			      "= 0 <0.000012> local=127.0.0.1:40112");
	ev.ret = -ECONNREFUSED;
	ev.flags = SOCKTRACE_F_LATE;
	assert_line(&ev, CURL "connected(3, {AF_INET 127.0.0.1:80})                       "
			      "= -1 ECONNREFUSED <0.000012> late local=127.0.0.1:40112");
}

static void connect_calls(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	struct sockaddr_in to = inet(INADDR_LOOPBACK, 80), from = inet(INADDR_LOOPBACK, 40112);
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(80),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	(void)state;
	ev.args[0] = 3;
	ev.args[1] = 16;
	ev.ret = -ECONNREFUSED;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &to, sizeof(to));
	set_local(&ev, &from, sizeof(from));
	assert_line(&ev, CURL "connect(3, {AF_INET 127.0.0.1:80}, 16)                     "
			      "= -1 ECONNREFUSED <0.000012> local=127.0.0.1:40112");
	ev.toctou = SOCKTRACE_TOCTOU_MISMATCH;
	ev.local_len = 0;
	assert_line(&ev, CURL "connect(3, {AF_INET 127.0.0.1:80}, 16)                     "
			      "= -1 ECONNREFUSED <0.000012> MISMATCH");

	ev = event(SOCKTRACE_CONNECT, SOCKTRACE_ENTER);
	ev.args[0] = -1;
	ev.args[1] = 28;
	set_addr(&ev, SOCKTRACE_ADDR_USER, &to6, sizeof(to6));
	assert_line(&ev, CURL "connect(-1, {AF_INET6 [::1]:80}?, 28) ...");
	to6.sin6_scope_id = 2;
	set_addr(&ev, SOCKTRACE_ADDR_USER, &to6, sizeof(to6));
	ev.flags = SOCKTRACE_F_RETURN_MISSED;
	assert_line(&ev, CURL "connect(-1, {AF_INET6 [::1%2]:80}?, 28) ... RETURN MISSED");
	ev.flags = 0;
	set_addr(&ev, SOCKTRACE_ADDR_FAULT, "", 0);
	assert_line(&ev, CURL "connect(-1, <unreadable>, 28) ...");
	ev.addr_source = SOCKTRACE_ADDR_NONE;
	ev.args[1] = 0;
	assert_line(&ev, CURL "connect(-1, -, 0) ...");
}

static void results(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
#define CONNECT CURL "connect(0, -, 0)                                           "

	(void)state;
	assert_line(&ev, CONNECT "= 0 <0.000012>");
	ev.ret = -512;
	assert_line(&ev, CONNECT "= ? ERESTARTSYS <0.000012>");
	ev.ret = -511;
	assert_line(&ev, CONNECT "= -1 errno 511 <0.000012>");
	ev.ret = -4095;
	assert_line(&ev, CONNECT "= ? errno 4095 <0.000012>");
	ev.ret = -4096;
	assert_line(&ev, CONNECT "= -4096 <0.000012>");
	ev.ret = INT32_MIN;
	assert_line(&ev, CONNECT "= -2147483648 <0.000012>");
}

static void addresses(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_CONNECT, SOCKTRACE_ENTER);

	(void)state;
#define KERNEL_ADDR(bytes) set_addr(&ev, SOCKTRACE_ADDR_KERNEL, bytes, sizeof(bytes) - 1)
#define UNIX "\1\0" /* little-endian; the tests run on amd64 and i386 */
	KERNEL_ADDR(UNIX "/run/x\0junk");
	assert_line(&ev, CURL "connect(0, {AF_UNIX \"/run/x\"}, 0) ...");
	KERNEL_ADDR(UNIX "\0na\0me");
	assert_line(&ev, CURL "connect(0, {AF_UNIX @\"na\\x00me\"}, 0) ...");
	KERNEL_ADDR(UNIX);
	assert_line(&ev, CURL "connect(0, {AF_UNIX}, 0) ...");
	KERNEL_ADDR(UNIX "a\"\n");
	assert_line(&ev, CURL "connect(0, {AF_UNIX \"a\\\"\\x0a\"}, 0) ...");
	KERNEL_ADDR("\x10\0\0\0\5\0\0\0\x1f\0\0\0");
	assert_line(&ev, CURL "connect(0, {AF_NETLINK pid=5 groups=0x1f}, 0) ...");
	KERNEL_ADDR("\x28\0\0\0\0\4\0\0\2\0\0\0\0\0\0\0");
	assert_line(&ev, CURL "connect(0, {AF_VSOCK 2:1024}, 0) ...");
	KERNEL_ADDR("\x11\0\x08\0\2\0\0\0\1\0\0\2\xab\xcd");
	assert_line(&ev, CURL "connect(0, {AF_PACKET proto=0x800 if=2 hw=abcd}, 0) ...");
	KERNEL_ADDR("\x1d\0\xbe\xef");
	assert_line(&ev, CURL "connect(0, {AF_CAN raw beef}, 0) ...");
	KERNEL_ADDR("\x1d\0\0\0\2\0\0\0");
	assert_line(&ev, CURL "connect(0, {AF_CAN ifindex=2}, 0) ...");
	KERNEL_ADDR("\x26\0h\"\n\0\0\0\0\0\0\0\0\0\0\0\x1f\0\0\0\0\0\0\0sha256\0");
	assert_line(&ev, CURL "connect(0, {AF_ALG alg_type=\"h\\\"\\x0a\" alg_name=\"sha256\" "
			      "feat=0x1f mask=0x0}, 0) ...");
	KERNEL_ADDR("\x1e\0\2\xff\xc8I\0\0\7\0\0\0\0\0\0\0");
	assert_line(&ev, CURL "connect(0, {AF_TIPC service=18888 instance=7 domain=0x0 "
			      "scope=-1}, 0) ...");
	/* The socket's protocol says what an address is, if that is its family. */
	ev.flags = SOCKTRACE_F_SOCK;
	ev.sock_family = AF_BLUETOOTH;
	ev.sock_protocol = 3;
	KERNEL_ADDR("\x1f\0\6\5\4\3\2\1\11\0");
	assert_line(&ev, CURL "connect(0, {AF_BLUETOOTH bdaddr=01:02:03:04:05:06 channel=9}, "
			      "0) ...");
	ev.sock_family = AF_INET;
	assert_line(&ev, CURL "connect(0, {AF_BLUETOOTH raw 0605040302010900}, 0) ...");
	ev.sock_family = AF_CAN;
	ev.sock_protocol = 7;
	KERNEL_ADDR("\x1d\0\0\0\2\0\0\0\xef\xcd\xab\x89\0\0\0\1\0\0\4\0\x20\0\0\0");
	assert_line(&ev, CURL "connect(0, {AF_CAN ifindex=2 j1939_name=0x100000089abcdef "
			      "pgn=0x40000 j1939_addr=0x20}, 0) ...");
	ev.flags = 0;
	KERNEL_ADDR("\xff\xff\1");
	assert_line(&ev, CURL "connect(0, {65535 raw 01}, 0) ...");
	KERNEL_ADDR("\2");
	assert_line(&ev, CURL "connect(0, {? raw 02}, 0) ...");
}

static void accept_calls(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	struct sockaddr_in peer = inet(INADDR_LOOPBACK, 50822), local = inet(INADDR_LOOPBACK, 8080);
	static const char path[] = UNIX "/s";

	(void)state;
	ev.args[0] = 4;
	ev.args[1] = SOCK_CLOEXEC;
	ev.ret = 5;
	ev.flags = SOCKTRACE_F_QUEUE;
	ev.queue_limit = 128;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &peer, sizeof(peer));
	set_local(&ev, &local, sizeof(local));
	assert_line(&ev, CURL "accept4(4, {AF_INET 127.0.0.1:50822}, SOCK_CLOEXEC)        "
			      "= 5 <0.000012> local=127.0.0.1:8080 queue=0/128");
	ev.args[1] = 0;
	ev.flags = SOCKTRACE_F_PEERCRED;
	ev.peer_pid = 9;
	ev.peer_uid = 1000;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, UNIX, 2);
	set_local(&ev, path, sizeof(path) - 1);
	assert_line(&ev, CURL "accept4(4, {AF_UNIX}, 0)                                   "
			      "= 5 <0.000012> local={AF_UNIX \"/s\"} peer_pid=9 peer_uid=1000");
	ev.args[1] = SOCK_NONBLOCK | 0x1;
	ev.addr_len = ev.local_len = 0;
	ev.flags = 0;
	ev.ret = -EINVAL;
	assert_line(&ev, CURL "accept4(4, -, SOCK_NONBLOCK|0x1)                           "
			      "= -1 EINVAL <0.000012>");
}

static void points(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
	struct sockaddr_in to = inet(0x0a000001, 53);

	(void)state;
	ev.args[0] = 7;
	ev.args[1] = 16;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &to, sizeof(to));
	assert_line(&ev, CURL "security_socket_connect(7, {AF_INET 10.0.0.1:53}, 16)");
	ev.args[0] = -1;
	assert_line(&ev, CURL "security_socket_connect(-, {AF_INET 10.0.0.1:53}, 16)");
	ev.args[0] = 7;
	ev.type = SOCKTRACE_ADDR_MISMATCH;
	ev.addr_source = SOCKTRACE_ADDR_USER;
	assert_line(&ev, CURL "addr_mismatch(7, {AF_INET 10.0.0.1:53}?, 16) MISMATCH: "
			      "the address as passed; the kernel used another");
	ev.type = 29;
	assert_line(&ev, CURL "event_29(?)");
}

static void lost_records(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_LOST, SOCKTRACE_POINT);

	(void)state;
	ev.cpu = 1;
	ev.seq = 17;
	ev.lost_count = 123;
	ev.lost_reason = SOCKTRACE_LOST_RING_FULL;
	assert_line(&ev, "15:04:05.123456 !!! LOST 123 records on CPU 1 (ring full), seq 17..139");
	ev.lost_count = 1;
	ev.lost_reason = 7;
	assert_line(&ev, "15:04:05.123456 !!! LOST 1 records on CPU 1 (reason 7), seq 17");
}

static void marks_and_columns(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_ACCEPT4, SOCKTRACE_ENTER);
	struct text before = text;

	(void)state;
	ev.abi = SOCKTRACE_ABI_I386;
	assert_line(&ev, CURL "[i386] accept4(0, -, 0) ...");
	ev.abi = SOCKTRACE_ABI_UNKNOWN;
	ev.via = SOCKTRACE_VIA_IO_URING;
	assert_line(&ev, CURL "[io_uring] accept4(0, -, 0) ...");
	ev.args[0] = -1;
	assert_line(&ev, CURL "[io_uring] accept4(-, -, 0) ...");
	/* Not known: no mark. */
	ev = event(SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
	ev.abi = SOCKTRACE_ABI_UNKNOWN;
	ev.via = SOCKTRACE_VIA_UNKNOWN;
	ev.args[0] = -1;
	assert_line(&ev, CURL "security_socket_connect(-, -, 0)");
	ev = event(SOCKTRACE_ACCEPT4, SOCKTRACE_ENTER);
	/* A wider process widens the column for those that follow. */
	ev.tid = 4194303;
	memcpy(ev.comm, "\xc3\xa9-server-worker", 16);
	assert_line(&ev, "15:04:05.123456 \xc3\xa9-server-worker[1234/4194303] accept4(0, -, 0) ...");
	ev = event(SOCKTRACE_ACCEPT4, SOCKTRACE_ENTER);
	assert_line(&ev, "15:04:05.123456 curl[1234]" "                    accept4(0, -, 0) ...");
	text = before;
}

static void hostile_comm(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_ACCEPT4, SOCKTRACE_ENTER);
	struct text before = text;

	(void)state;
	memcpy(ev.comm, "\n15:04\x1b[2J\xff\\\xc2\x9b", 15);
	assert_line(&ev, "15:04:05.123456 \\x0a15:04\\x1b[2J\\xff\\\\\\xc2\\x9b[1234] "
			 "accept4(0, -, 0) ...");
	/* No NUL: it ends where the field does. */
	memset(ev.comm, 'x', sizeof(ev.comm));
	text = before;
	assert_line(&ev, "15:04:05.123456 xxxxxxxxxxxxxxxx[1234] accept4(0, -, 0) ...");
	text = before;
}

static void colours(void **state)
{
	struct socktrace_event ev = event(SOCKTRACE_CONNECT, SOCKTRACE_EXIT);

	(void)state;
	text.color = true;
	ev.ret = -ECONNREFUSED;
	assert_line(&ev, CURL "connect(0, -, 0)                                           "
			      "= \033[31m-1 ECONNREFUSED\033[0m <0.000012>");
	ev = event(SOCKTRACE_LOST, SOCKTRACE_POINT);
	ev.lost_count = 2;
	ev.lost_reason = SOCKTRACE_LOST_RING_FULL;
	assert_line(&ev, "15:04:05.123456 \033[7m!!! LOST 2 records on CPU 0 (ring full), "
			 "seq 0..1\033[0m");
	text.color = false;
}

static void native_calls_bear_no_mark(void **state)
{
	static const struct {
		const char *machine;
		unsigned int abi;
	} machines[] = {
		{ "x86_64", SOCKTRACE_ABI_X86_64 },   { "i486", SOCKTRACE_ABI_I386 },
		{ "armv5tel", SOCKTRACE_ABI_ARM },    { "armv8l", SOCKTRACE_ABI_ARM },
		{ "aarch64_be", SOCKTRACE_ABI_ARM64 }, { "mips", SOCKTRACE_ABI_MIPS },
		{ "mips64", SOCKTRACE_ABI_MIPS64 },   { "ppc", SOCKTRACE_ABI_PPC },
		{ "ppc64le", SOCKTRACE_ABI_PPC64 },   { "s390x", SOCKTRACE_ABI_S390X },
		{ "alpha", SOCKTRACE_ABI_UNKNOWN },   { "", SOCKTRACE_ABI_UNKNOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		assert_int_equal(text_abi_of_machine(machines[i].machine), machines[i].abi);
}

/* The line at a terminal of so many characters, without its newline. */
static const char *fitted(const struct socktrace_event *ev, unsigned int terminal)
{
	char *end;

	columns_default(&text.columns, terminal);
	wall.format = terminal && terminal < COLUMNS_NARROW ? WALLTIME_SECONDS : WALLTIME_TIME;
	columns_for_time(&text.columns);
	text_resize(&text, terminal);
	end = text_event(&text, unit_buffer, ev);
	assert_int_equal(end[-1], '\n');
	end[-1] = '\0';
	if (terminal)
		assert_in_range(fit_width(unit_buffer, end - 1), 0, terminal);
	return unit_buffer;
}

/* What is missed best goes first; the address and the result stay. */
static void fits_the_terminal(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80),
				  .sin_addr.s_addr = htonl(0x7f000001) };
	struct socktrace_event ev = event(SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	unsigned int terminal;

	setup(state);
	ev.args[0] = 3;
	ev.args[1] = 16;
	ev.duration_ns = 80213;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &in, sizeof(in));
	in.sin_port = htons(40112);
	set_local(&ev, &in, sizeof(in));
	assert_string_equal(fitted(&ev, 0),
			    "15:04:05.123456 curl[1234]           connect(3, {AF_INET 127.0.0.1:80}, 16)"
			    "                     = 0 <0.000080> local=127.0.0.1:40112");
	assert_string_equal(fitted(&ev, 140),
			    "15:04:05.123456 curl[1234]           connect(3, {AF_INET 127.0.0.1:80}, 16)"
			    "                     = 0 <0.000080> local=127.0.0.1:40112");
	/* Narrower alignment; then the duration is folded. */
	assert_string_equal(fitted(&ev, 110),
			    "15:04:05.123456 curl[1234]           connect(3, {AF_INET 127.0.0.1:80}, 16)"
			    " = 0 <80us> local=127.0.0.1:40112");
	assert_string_equal(fitted(&ev, 112),
			    "15:04:05.123456 curl[1234]           connect(3, {AF_INET 127.0.0.1:80}, 16)"
			    " = 0 <0.000080> local=127.0.0.1:40112");
	ev.ret = -ECONNREFUSED;
	assert_string_equal(fitted(&ev, 80), "15:04:05 curl[1234]    connect(3, {AF_INET "
					     "127.0.0.1:80}, 16) = -1 ECONNREFUSED");
	ev.ret = 0;
	assert_string_equal(fitted(&ev, 80), "15:04:05 curl[1234]    connect(3, {AF_INET "
					     "127.0.0.1:80}, 16) = 0 <80us>");
	/* A path is cut at the end; what must be seen is not. */
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	memcpy(un.sun_path + 30, "\xc3\xa4\xc3\xa4", 4);
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &un, sizeof(un));
	set_local(&ev, &in, sizeof(in));
	ev.args[1] = 110;
	ev.ret = -ENOENT;
	ev.toctou = SOCKTRACE_TOCTOU_MISMATCH;
	assert_string_equal(fitted(&ev, 80), "15:04:05 curl[1234]    connect(3, {AF_UNIX "
					     "\"xxxxxxxxxxx...) = -1 ENOENT MISMATCH");
	assert_string_equal(fitted(&ev, 40), "15:04:05 curl[1234]    connect(3, {.....");
	/* As before, once there is room; colours take none. */
	text.color = true;
	for (terminal = 4; terminal < 300; terminal++)
		fitted(&ev, terminal);
	assert_non_null(strstr(fitted(&ev, 299), "\033[31m-1 ENOENT\033[0m <0.000080> local="));
	setup(state);
	ev.duration_ns = 9990000;
	ev.ret = 0;
	ev.toctou = 0;
	set_addr(&ev, SOCKTRACE_ADDR_KERNEL, &in, sizeof(in));
	assert_non_null(strstr(fitted(&ev, 80), " <9.9ms>"));
	ev.duration_ns = 123456789012;
	assert_non_null(strstr(fitted(&ev, 80), " <123s>"));
	ev.duration_ns = 999;
	assert_non_null(strstr(fitted(&ev, 80), " <0us>"));
	setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_that_entered_before),
		cmocka_unit_test(bind_and_listen),
		cmocka_unit_test(other_pid_namespaces),
		cmocka_unit_test(socketpair_call),
		cmocka_unit_test(outcome_of_a_connect),
		cmocka_unit_test(native_calls_bear_no_mark),
		cmocka_unit_test(socket_call),	   cmocka_unit_test(connect_calls),
		cmocka_unit_test(results),	   cmocka_unit_test(addresses),
		cmocka_unit_test(accept_calls),	   cmocka_unit_test(points),
		cmocka_unit_test(lost_records),	   cmocka_unit_test(marks_and_columns),
		cmocka_unit_test(hostile_comm),	   cmocka_unit_test(colours),
		cmocka_unit_test(fits_the_terminal),
	};

	return cmocka_run_group_tests_name("text", tests, setup, NULL);
}
