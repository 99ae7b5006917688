// SPDX-License-Identifier: GPL-2.0
/* Whole objects, key by key and in order; check_json.py tests the rest. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/json.h"

static struct walltime wall;
static struct procinfo proc;
static struct cgroups cgroups;
static struct images images;
static struct json json;

static int setup(void **state)
{
	(void)state;
	walltime_init(&wall);
	/* 2024-02-29T23:59:59Z at boot */
	wall.offset_ns = 1709251199LL * 1000000000;
	procinfo_init(&proc);
	cgroups_init(&cgroups, "");
	json_init(&json, &wall, &proc, &images, &cgroups);
	return 0;
}

#define assert_line(ev, expected) assert_text(json_event(&json, unit_buffer, ev), expected "\n")

/* Beyond PID_MAX_LIMIT: /proc has no such process, and thus no exe. */
#define NOBODY 4194999

static void minimal_socket(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_SOCKET,
		.phase = SOCKTRACE_ENTER,
		.tgid = NOBODY,
		.comm = "x",
	};

	(void)state;
	assert_line(&ev, "{\"time\":\"2024-02-29T23:59:59.000000000Z\",\"event\":\"socket\","
			 "\"phase\":\"enter\",\"cpu\":0,\"seq\":0,\"pid\":4194999,\"tid\":0,"
			 "\"ppid\":0,\"uid\":0,\"gid\":0,\"euid\":0,\"loginuid\":0,\"session\":0,\"comm\":\"x\","
			 "\"args\":{\"domain\":0,\"type\":0,\"protocol\":0},"
			 "\"family\":\"AF_UNSPEC\",\"type\":\"0\",\"protocol\":\"0\"}");
}

/* A PATH record: all of `text`, or what part 0 of it holds. */
static void take_path(struct paths *paths, const char *text, uint64_t call_id)
{
	size_t length = strlen(text), at;
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_PATH,
		.call_id = call_id,
		.path_len = (uint16_t)length,
		.path_parts = (uint16_t)((length + SOCKTRACE_PATH_TEXT_LEN - 1) /
					 SOCKTRACE_PATH_TEXT_LEN),
	};

	for (at = 0; at < length; at += SOCKTRACE_PATH_TEXT_LEN, ev.path_part++) {
		memcpy(ev.path_text, text + at, length - at < SOCKTRACE_PATH_TEXT_LEN ?
							 length - at : SOCKTRACE_PATH_TEXT_LEN);
		paths_take(paths, &ev);
	}
}

static void path_of_the_peer(void **state)
{
	static struct paths paths;
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.flags = SOCKTRACE_F_PEER_PATH,
		.call_id = 7,
	};
	const struct path *path;
	char text[301];

	(void)state;
	assert_null(paths_of(&paths, &ev));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	take_path(&paths, text, 7);
	path = paths_of(&paths, &ev);
	assert_non_null(path);
	assert_int_equal(path->length, sizeof(text) - 1);
	assert_memory_equal(path->text, text, sizeof(text) - 1);
	/* Of another call, another CPU, or of none. */
	ev.call_id = 8;
	assert_null(paths_of(&paths, &ev));
	ev.call_id = 7;
	ev.cpu = 1;
	assert_null(paths_of(&paths, &ev));
	ev.cpu = 0;
	ev.flags = 0;
	assert_null(paths_of(&paths, &ev));
	paths_free(&paths);
}

static void pair_of_descriptors(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_SOCKETPAIR,
		.phase = SOCKTRACE_EXIT,
		.flags = SOCKTRACE_F_SOCK | SOCKTRACE_F_SV,
		.tgid = NOBODY,
		.comm = "x",
		.inode = 99,
		.args = { AF_UNIX, SOCK_RAW | SOCK_CLOEXEC, 0 },
		.sock_family = AF_UNIX,
		.sock_type = SOCK_DGRAM,
		.sv = { 3, 4 },
	};

	(void)state;
	assert_line(&ev, "{\"time\":\"2024-02-29T23:59:59.000000000Z\",\"event\":\"socketpair\","
			 "\"phase\":\"exit\",\"cpu\":0,\"seq\":0,\"pid\":4194999,\"tid\":0,"
			 "\"ppid\":0,\"uid\":0,\"gid\":0,\"euid\":0,\"loginuid\":0,\"session\":0,\"comm\":\"x\","
			 "\"args\":{\"domain\":1,\"type\":524291,\"protocol\":0},"
			 "\"family\":\"AF_UNIX\",\"type\":\"SOCK_RAW\","
			 "\"flags\":[\"SOCK_CLOEXEC\"],\"protocol\":\"0\","
			 "\"sv\":[3,4],\"inode\":99,\"socket_source\":\"kernel\","
			 "\"ret\":0,\"duration_ns\":0}");
	/* What is no pair is not told, whatever stands there. */
	ev.flags = 0;
	ev.phase = SOCKTRACE_ENTER;
	assert_line(&ev, "{\"time\":\"2024-02-29T23:59:59.000000000Z\",\"event\":\"socketpair\","
			 "\"phase\":\"enter\",\"cpu\":0,\"seq\":0,\"pid\":4194999,\"tid\":0,"
			 "\"ppid\":0,\"uid\":0,\"gid\":0,\"euid\":0,\"loginuid\":0,\"session\":0,\"comm\":\"x\","
			 "\"args\":{\"domain\":1,\"type\":524291,\"protocol\":0},"
			 "\"family\":\"AF_UNIX\",\"type\":\"SOCK_RAW\","
			 "\"flags\":[\"SOCK_CLOEXEC\"],\"protocol\":\"0\"}");
}

static void full_connect(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct sockaddr_in6 from = { .sin6_family = AF_INET6, .sin6_port = htons(40000),
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_scope_id = 4 };
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_CONNECT,
		.phase = SOCKTRACE_EXIT,
		.abi = SOCKTRACE_ABI_I386,
		.via = SOCKTRACE_VIA_IO_URING,
		.flags = SOCKTRACE_F_SOCK | SOCKTRACE_F_LOCAL_TRUNCATED,
		.cpu = 3,
		.time_ns = 1000000001,
		.duration_ns = 5000000000,
		.seq = 18446744073709551615ULL,
		.call_id = 12,
		.cgroup_id = 7312,
		.inode = 99,
		.tgid = NOBODY,
		.tid = 2,
		.ppid = 3,
		.uid = 4294967294,
		.gid = 5,
		.euid = 6,
		.loginuid = UINT32_MAX,
		.sessionid = UINT32_MAX,
		.start_ns = 8000000001,
		.ns_tgid = 6,
		.ns_tid = 7,
		.netns = 4026531840,
		.mntns = 8,
		.pidns = 9,
		.comm = "a\"b\n\xff",
		.args = { 10, 16 },
		.ret = -EINPROGRESS,
		.sock_family = AF_INET,
		.sock_type = SOCK_STREAM,
		.sock_protocol = IPPROTO_TCP,
		.addr_len = sizeof(to),
		.local_len = sizeof(from),
		.addr_source = SOCKTRACE_ADDR_KERNEL,
		.toctou = SOCKTRACE_TOCTOU_MATCH,
	};

	(void)state;
	to.sin_addr.s_addr = htonl(0xc0000201);
	memcpy(socktrace_addr(&ev), &to, sizeof(to));
	memcpy(socktrace_local(&ev), &from, sizeof(from));
	assert_line(&ev,
		"{\"time\":\"2024-03-01T00:00:00.000000001Z\",\"event\":\"connect\","
		"\"phase\":\"exit\",\"cpu\":3,\"seq\":18446744073709551615,\"call\":12,"
		"\"pid\":4194999,\"tid\":2,\"ppid\":3,\"uid\":4294967294,\"gid\":5,"
		"\"euid\":6,\"start\":8000000001,"
		"\"comm\":\"a\\\"b\\u000a\\\\xff\",\"nspid\":6,\"nstid\":7,"
		"\"netns\":4026531840,\"mntns\":8,\"pidns\":9,\"cgroup\":7312,"
		"\"abi\":\"i386\",\"via\":\"io_uring\",\"args\":{\"sockfd\":10,\"addrlen\":16},"
		"\"family\":\"AF_INET\",\"type\":\"SOCK_STREAM\",\"protocol\":\"IPPROTO_TCP\","
		"\"addr\":{\"family\":\"AF_INET\",\"family_id\":2,\"ip\":\"192.0.2.1\",\"port\":443},"
		"\"local\":{\"family\":\"AF_INET6\",\"family_id\":10,\"ip\":\"::1\",\"port\":40000,"
		"\"flowinfo\":0,\"scope_id\":4},\"local_truncated\":true,"
		"\"addr_source\":\"kernel\",\"toctou\":\"match\",\"inode\":99,"
		"\"socket_source\":\"kernel\",\"ret\":-115,\"error\":\"EINPROGRESS\",\"duration_ns\":5000000000}");
}

/* By which way and ABI it came is not known: no keys. */
static void unknown_way(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_SECURITY_SOCKET_CONNECT,
		.phase = SOCKTRACE_POINT,
		.abi = SOCKTRACE_ABI_UNKNOWN,
		.via = SOCKTRACE_VIA_UNKNOWN,
		.tgid = NOBODY,
		.args = { -1, 2 },
		.addr_len = 2,
		.addr_source = SOCKTRACE_ADDR_KERNEL,
	};

	(void)state;
	assert_line(&ev, "{\"time\":\"2024-02-29T23:59:59.000000000Z\","
			 "\"event\":\"security_socket_connect\",\"phase\":\"point\",\"cpu\":0,"
			 "\"seq\":0,\"pid\":4194999,\"tid\":0,\"ppid\":0,\"uid\":0,\"gid\":0,\"euid\":0,\"loginuid\":0,\"session\":0,"
			 "\"comm\":\"\",\"addr\":{\"family\":\"AF_UNSPEC\",\"family_id\":0},"
			 "\"addr_source\":\"kernel\"}");
}

/* Whose the socket is, where there is one. */
static void by_descriptor(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_ACCEPT4,
		.phase = SOCKTRACE_EXIT,
		.flags = SOCKTRACE_F_SOCK | SOCKTRACE_F_BY_DESCRIPTOR,
		.tgid = NOBODY,
		.ret = 5,
		.inode = 99,
		.sock_family = AF_UNIX,
		.sock_type = SOCK_STREAM,
		.addr_len = 2,
		.addr_source = SOCKTRACE_ADDR_DESCRIPTOR,
		.addrs = { AF_UNIX },
	};

	(void)state;
	*json_event(&json, unit_buffer, &ev) = '\0';
	assert_non_null(strstr(unit_buffer, ",\"addr_source\":\"descriptor\",\"inode\":99,"
					    "\"socket_source\":\"descriptor\",\"ret\":5,"));
	ev.flags = SOCKTRACE_F_BY_DESCRIPTOR;
	*json_event(&json, unit_buffer, &ev) = '\0';
	assert_null(strstr(unit_buffer, "socket_source"));
}

static void accept_queue_and_flags(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_ACCEPT4,
		.phase = SOCKTRACE_EXIT,
		.flags = SOCKTRACE_F_QUEUE | SOCKTRACE_F_PEERCRED,
		.tgid = NOBODY,
		.args = { 4, SOCK_CLOEXEC | SOCK_NONBLOCK | 0x10 },
		.ret = 5,
		.queue_len = 0,
		.queue_limit = 128,
		.peer_pid = 77,
		.addr_len = 2,
		.addr_source = SOCKTRACE_ADDR_KERNEL,
		.addrs = { AF_UNIX },
	};

	(void)state;
	assert_line(&ev,
		"{\"time\":\"2024-02-29T23:59:59.000000000Z\",\"event\":\"accept4\","
		"\"phase\":\"exit\",\"cpu\":0,\"seq\":0,\"pid\":4194999,\"tid\":0,\"ppid\":0,"
		"\"uid\":0,\"gid\":0,\"euid\":0,\"loginuid\":0,\"session\":0,\"comm\":\"\",\"args\":{\"sockfd\":4,\"flags\":526352},"
		"\"flags\":[\"SOCK_NONBLOCK\",\"SOCK_CLOEXEC\",\"0x10\"],"
		"\"addr\":{\"family\":\"AF_UNIX\",\"family_id\":1,\"unnamed\":true},"
		"\"addr_source\":\"kernel\",\"queue\":{\"length\":0,\"limit\":128},"
		"\"peer\":{\"pid\":77,\"uid\":0},\"ret\":5,\"duration_ns\":0}");
}

/* Fields of every format; all families are check_json.py's matter. */
static void address_of_fields(void **state)
{
	static const uint8_t l2[] = { AF_BLUETOOTH, 0, 0x19, 0, 6, 5, 4, 3, 2, 1, 4, 1, 2, 0 };
	static const uint8_t tipc[] = { AF_TIPC, 0, 3, 0xfe, 77, 0, 0, 0, 1, 0x10, 0, 1,
					0, 0, 0, 0 };
	static const uint8_t alg[] = { AF_ALG, 0, 'a', '"', 0, [16] = 1, [24] = 0xff, 0, 'z' };
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_CONNECT,
		.phase = SOCKTRACE_ENTER,
		.flags = SOCKTRACE_F_SOCK,
		.sock_family = AF_BLUETOOTH,
		.tgid = NOBODY,
		.addr_len = sizeof(l2),
	};

	(void)state;
#define ASSERT_ADDRESS(bytes, text)                                            \
	do {                                                                   \
		memcpy(socktrace_addr(&ev), bytes, sizeof(bytes));             \
		ev.addr_len = sizeof(bytes);                                   \
		*json_event(&json, unit_buffer, &ev) = '\0';                   \
		assert_non_null(strstr(unit_buffer, ",\"addr\":{" text "},")); \
	} while (0)
	ASSERT_ADDRESS(l2, "\"family\":\"AF_BLUETOOTH\",\"family_id\":31,"
			   "\"bdaddr\":\"01:02:03:04:05:06\",\"psm\":25,\"cid\":260,"
			   "\"bdaddr_type\":2");
	ASSERT_ADDRESS(tipc, "\"family\":\"AF_TIPC\",\"family_id\":30,\"ref\":77,"
			     "\"node\":16781313,\"scope\":-2");
	ASSERT_ADDRESS(alg, "\"family\":\"AF_ALG\",\"family_id\":38,\"alg_type\":\"a\\\"\","
			    "\"alg_name\":\"\\\\xff\",\"feat\":1,\"mask\":0");
	ev.sock_family = AF_INET;
	ASSERT_ADDRESS(l2, "\"family\":\"AF_BLUETOOTH\",\"family_id\":31,"
			   "\"raw\":\"190006050403020104010200\"");
}

static void lost(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_LOST,
		.phase = SOCKTRACE_POINT,
		.cpu = 1,
		.seq = 17,
		.lost_count = 123,
		.lost_reason = SOCKTRACE_LOST_RING_FULL,
	};

	(void)state;
	assert_line(&ev, "{\"time\":\"2024-02-29T23:59:59.000000000Z\",\"event\":\"lost\","
			 "\"phase\":\"point\",\"cpu\":1,\"count\":123,"
			 "\"reason\":\"ring_full\",\"seq\":17}");
}

/* A thread's facts are cached: each one that changes must show. */
static void cache_sees_changes(void **state)
{
	struct socktrace_event first = {
		.size = sizeof(first),
		.type = SOCKTRACE_ACCEPT4,
		.phase = SOCKTRACE_ENTER,
		.tgid = NOBODY,
		.tid = 5,
		.comm = "one",
		.cgroup_id = 1,
	};
	static const size_t fields[] = {
		offsetof(struct socktrace_event, tgid),	   offsetof(struct socktrace_event, tid),
		offsetof(struct socktrace_event, ppid),	   offsetof(struct socktrace_event, uid),
		offsetof(struct socktrace_event, gid),	   offsetof(struct socktrace_event, ns_tgid),
		offsetof(struct socktrace_event, euid),	   offsetof(struct socktrace_event, loginuid),
		offsetof(struct socktrace_event, sessionid),
		offsetof(struct socktrace_event, start_ns),
		offsetof(struct socktrace_event, ns_tid),  offsetof(struct socktrace_event, netns),
		offsetof(struct socktrace_event, mntns),   offsetof(struct socktrace_event, pidns),
		offsetof(struct socktrace_event, comm),	   offsetof(struct socktrace_event, cgroup_id),
	};
	static char before[OUT_LINE_MAX];
	size_t i;

	(void)state;
	*json_event(&json, before, &first) = '\0';
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct socktrace_event ev = first;

		/* A multiple of the number of slots, so that it meets the same one. */
		if (fields[i] == offsetof(struct socktrace_event, tid))
			ev.tid += 4 * JSON_IDENTITY_SLOTS;
		else
			((char *)&ev)[fields[i]]++;
		*json_event(&json, unit_buffer, &ev) = '\0';
		assert_string_not_equal(unit_buffer, before);
		*json_event(&json, unit_buffer, &first) = '\0';
		assert_string_equal(unit_buffer, before);
	}
}

/* The directory of a cgroup by its number, and whose container it is. */
static void container(void **state)
{
	char root[] = "/tmp/container.XXXXXX", below[] = "/docker/0123456789abcdef0123456789abcdef"
							  "0123456789abcdef0123456789abcdef";
	char path[160], want[256];
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_ACCEPT4,
		.phase = SOCKTRACE_ENTER,
		.tgid = NOBODY,
		.comm = "one",
	};
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(root));
	sprintf(path, "%s/docker", root);
	assert_int_equal(mkdir(path, 0700), 0);
	sprintf(path, "%s%s", root, below);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(stat(path, &st), 0);
	cgroups_init(&cgroups, root);
	ev.cgroup_id = st.st_ino;
	*json_event(&json, unit_buffer, &ev) = '\0';
	sprintf(want, ",\"cgroup\":%llu,\"cgroup_path\":\"%s\",\"container\":\"%s\",\"args\"",
		(unsigned long long)st.st_ino, below, below + 8);
	assert_non_null(strstr(unit_buffer, want));
	/* A path that is not there is not there for a second at most. */
	ev.cgroup_id++;
	ev.tid++;
	*json_event(&json, unit_buffer, &ev) = '\0';
	sprintf(want, ",\"cgroup\":%llu,\"args\"", (unsigned long long)ev.cgroup_id);
	assert_non_null(strstr(unit_buffer, want));
	assert_true(json.identities[1].until_ns <= wall.now_ns + 1000000000);
	cgroups_close(&cgroups);
	sprintf(path, "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

/* Of a process that lives, exe is there, and stays for a second at most. */
static void exe(void **state)
{
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_ACCEPT4,
		.phase = SOCKTRACE_ENTER,
		.tgid = (uint32_t)getpid(),
		.comm = "one",
	};
	char path[4096], want[4200], again[240];
	size_t length;
	uint64_t until = 0;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	(void)state;
	if (procinfo_pidns())
		skip();
	assert_in_range(n, 1, sizeof(path) - 1);
	path[n] = '\0';
	snprintf(want, sizeof(want), ",\"exe\":\"%s\"", path);
	*json_event(&json, unit_buffer, &ev) = '\0';
	assert_non_null(strstr(unit_buffer, want));

	wall.now_ns = 1000;
	assert_non_null(procinfo_exe(&proc, ev.tgid, ev.comm, wall.now_ns, &length, &until));
	assert_true(until > wall.now_ns);
	/* Another comm: perhaps another program; the answer is a fresh one. */
	memset(again, 0, sizeof(again));
	memcpy(again, "two", 3);
	assert_non_null(procinfo_exe(&proc, ev.tgid, again, 5000, &length, &until));
	assert_int_equal(until, 5000 + 1000000000ULL);
	/* What was not found is not believed beyond the batch. */
	assert_null(procinfo_exe(&proc, NOBODY, ev.comm, 6000, &length, &until));
	assert_int_equal(until, 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pair_of_descriptors),
		cmocka_unit_test(minimal_socket),	  cmocka_unit_test(full_connect),
		cmocka_unit_test(path_of_the_peer),
		cmocka_unit_test(accept_queue_and_flags), cmocka_unit_test(address_of_fields),
		cmocka_unit_test(lost),			  cmocka_unit_test(by_descriptor),
		cmocka_unit_test(unknown_way),		  cmocka_unit_test(container),
		cmocka_unit_test(cache_sees_changes),	  cmocka_unit_test(exe),
	};

	return cmocka_run_group_tests_name("json", tests, setup, NULL);
}
