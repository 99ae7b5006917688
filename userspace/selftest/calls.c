// SPDX-License-Identifier: GPL-2.0
/* The selftest's paths through socket(), socketpair() and connect(). */
#include "selftest/path.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

static void call_socket(struct selftest_path *path, int domain, int type, int protocol,
			int wanted)
{
	struct selftest_expect *expect = path_expect(path, SOCKTRACE_SOCKET, SOCKTRACE_EXIT);
	long fd;

	expect->ev.args[0] = domain;
	expect->ev.args[1] = type;
	expect->ev.args[2] = protocol;
	fd = path->row->abi->socket(domain, type, protocol);
	path_returned(path, expect, fd, wanted);
	expect_addr(expect, NULL, SOCKTRACE_ADDR_NONE);
	expect_socket(expect, (int)fd);
}

void selftest_socket(struct selftest_path *path)
{
	call_socket(path, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP, 0);
}

void selftest_socket_fails(struct selftest_path *path)
{
	/* No flags: with them, musl would try it once more without. */
	call_socket(path, AF_UNIX, SOCK_DGRAM, 4711, EPROTONOSUPPORT);
}

static void call_socketpair(struct selftest_path *path, int *sv, int wanted)
{
	struct selftest_expect *expect =
		path_expect(path, SOCKTRACE_SOCKETPAIR, SOCKTRACE_EXIT);
	long ret;

	expect->ev.args[0] = AF_UNIX;
	expect->ev.args[1] = SOCK_STREAM | SOCK_CLOEXEC;
	ret = path->row->abi->socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv);
	path_returned(path, expect, ret, wanted);
	expect_addr(expect, NULL, SOCKTRACE_ADDR_NONE);
	expect->fields |= FIELD_BIT(FIELD_SV);
	if (!ret) {
		expect->ev.flags |= SOCKTRACE_F_SV;
		memcpy(expect->sv, sv, sizeof(expect->sv));
	}
	expect_socket(expect, ret ? -1 : sv[0]);
}

void selftest_socketpair(struct selftest_path *path)
{
	int sv[2] = { -1, -1 };

	call_socketpair(path, sv, 0);
}

void selftest_socketpair_bad_pointer(struct selftest_path *path)
{
	call_socketpair(path, path_bad_page(path), EFAULT);
}

/*
 * The address `name`, which stands at `at`. As far as nothing else is said, the
 * kernel's copy of it is recorded, and is the one that the caller had at entry.
 */
static struct selftest_expect *connect_at(struct selftest_path *path, int fd,
					  const struct selftest_name *name, const void *at,
					  int wanted)
{
	struct selftest_expect *expect = path_expect(path, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	long ret;

	expect->ev.args[0] = fd;
	expect->ev.args[1] = (__s32)name->length;
	ret = path->row->abi->connect(fd, at, name->length);
	path_returned(path, expect, ret, wanted);
	expect_socket(expect, fd);
	expect_local(expect, fd);
	expect_peer(expect, fd);
	/* Where that is not seen there is only what the caller's memory held. */
	expect_addr(expect, name,
		    path->sees_address ? SOCKTRACE_ADDR_KERNEL : SOCKTRACE_ADDR_USER);
	expect->ev.toctou = path->sees_address ? SOCKTRACE_TOCTOU_MATCH :
						 SOCKTRACE_TOCTOU_UNCHECKED;
	expect->fields |= FIELD_BIT(FIELD_TOCTOU);
	/* Where nobody can tell whether it is, either is right. */
	if (!path->sees_address && path->may_see_address)
		expect->fields &= ~(FIELD_BIT(FIELD_TOCTOU) | FIELD_BIT(FIELD_ADDR_SOURCE));
	return expect;
}

struct selftest_expect *path_connect(struct selftest_path *path, int fd,
				     const struct selftest_name *name, int wanted)
{
	return connect_at(path, fd, name, name->bytes, wanted);
}

void selftest_connect(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, path->row->how, &name);
	path_listener(path, &name);
	path_connect(path, path_socket(path, path->row->how, SOCK_STREAM), &name, 0);
}

/* An AF_UNIX name without a path: of `length` bytes behind the family. */
static void unix_name(struct selftest_name *name, const char *bytes, size_t length)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memset(name, 0, sizeof(*name));
	memcpy(un.sun_path, bytes, length);
	memcpy(name->bytes, &un, sizeof(un));
	name->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

void selftest_connect_abstract(struct selftest_path *path)
{
	/* Bytes that end no name of this kind; the pid makes it nobody else's. */
	char bytes[] = "\0socktrace\0\n\xff....";
	struct selftest_name name;
	__u32 pid = path->who.tgid;

	memcpy(bytes + sizeof(bytes) - 1 - sizeof(pid), &pid, sizeof(pid));
	unix_name(&name, bytes, sizeof(bytes) - 1);
	path_listener(path, &name);
	path_connect(path, path_socket(path, AF_UNIX, SOCK_STREAM), &name, 0);
}

/* Both ends have their names from the kernel. */
void selftest_connect_autobind(struct selftest_path *path)
{
	struct selftest_name name, own;

	unix_name(&name, "", 0);
	unix_name(&own, "", 0);
	path_listener(path, &name);
	path_connect(path, path_bound(path, SOCK_STREAM, &own), &name, 0);
}

/* To a name of no bytes, which the kernel takes no further than the hook. */
void selftest_connect_unnamed(struct selftest_path *path)
{
	struct selftest_name name;

	unix_name(&name, "", 0);
	path_connect(path, path_socket(path, AF_UNIX, SOCK_STREAM), &name, EINVAL);
}

static int connected_udp(struct selftest_path *path)
{
	int fd = path_socket(path, AF_INET, SOCK_DGRAM);
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	path_bound(path, SOCK_DGRAM, &name);
	path_connect(path, fd, &name, 0);
	return fd;
}

void selftest_connect_udp(struct selftest_path *path)
{
	connected_udp(path);
}

void selftest_disconnect(struct selftest_path *path)
{
	struct selftest_name none = { .length = sizeof(struct sockaddr_in) };

	none.sa.sa_family = AF_UNSPEC;
	path_connect(path, connected_udp(path), &none, 0);
}

void selftest_connect_in_progress(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	path_connect(path, path_socket(path, AF_INET, SOCK_STREAM | SOCK_NONBLOCK), &name,
		   EINPROGRESS);
}

void selftest_needs_outcome(struct selftest_path *path)
{
	if (!path->sees_outcome)
		path_absent(path, "it has no function for it that can be probed");
}

/* A connect that doesn't wait, and what SO_ERROR says when it is over: @wanted. */
static void connect_under_way(struct selftest_path *path, const struct selftest_name *name,
			      int wanted)
{
	int fd = path_socket(path, name->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK), error = 0;
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	struct selftest_expect *call, *expect;
	socklen_t length = sizeof(error);

	call = path_connect(path, fd, name, EINPROGRESS);
	expect = path_expect(path, SOCKTRACE_CONNECTED, SOCKTRACE_POINT);
	path_must(path, "poll", poll(&ready, 1, -1));
	path_must(path, "getsockopt", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
	expect->ev.time_ns = call->ev.time_ns;
	path_returned(path, expect, -error, wanted);
	memcpy(expect->ev.args, call->ev.args, sizeof(expect->ev.args));
	expect->same_call = true;
	expect_socket(expect, fd);
	expect_addr(expect, name, (enum socktrace_addr_source)call->ev.addr_source);
	expect->local = call->local;
	expect->fields |= FIELD_BIT(FIELD_LOCAL) | FIELD_BIT(FIELD_TOCTOU);
}

void selftest_connected(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, path->row->how, &name);
	path_listener(path, &name);
	connect_under_way(path, &name, 0);
}

void selftest_connected_refused(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	path_bound(path, SOCK_STREAM, &name);
	connect_under_way(path, &name, ECONNREFUSED);
}

/* A port that is taken, and where nobody listens. */
void selftest_connect_refused(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	path_bound(path, SOCK_STREAM, &name);
	path_connect(path, path_socket(path, AF_INET, SOCK_STREAM), &name, ECONNREFUSED);
}

/* The page has its contents, but is not in this process's page table. */
void selftest_connect_not_resident(struct selftest_path *path)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct selftest_expect *expect;
	struct selftest_name name;
	int fd;

	path_must(path, "mmap", page == MAP_FAILED ? -1 : 0);
	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	memcpy(page, name.bytes, name.length);
	path_must(path, "madvise", madvise(page, size, MADV_DONTNEED));
	expect = connect_at(path, fd, &name, page, 0);
	if (path->sees_address)
		expect->ev.toctou = SOCKTRACE_TOCTOU_UNREADABLE;
	else if (path->may_see_address)
		expect->fields &= ~FIELD_BIT(FIELD_ADDR);
	else
		expect_addr(expect, NULL, SOCKTRACE_ADDR_FAULT);
}

void selftest_connect_bad_pointer(struct selftest_path *path)
{
	int fd = path_socket(path, AF_INET, SOCK_STREAM);
	struct selftest_expect *expect;
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	expect = connect_at(path, fd, &name, path_bad_page(path), EFAULT);
	expect_addr(expect, NULL, SOCKTRACE_ADDR_FAULT);
	expect->ev.toctou = SOCKTRACE_TOCTOU_UNCHECKED;
}

/* The kernel reads no address then: the caller's is recorded, as such. */
void selftest_connect_bad_fd(struct selftest_path *path)
{
	int fd = path_socket(path, AF_INET, SOCK_STREAM);
	struct selftest_expect *expect;
	struct selftest_name name;

	close(fd);
	path_loopback(path, AF_INET, &name);
	expect = path_connect(path, fd, &name, EBADF);
	expect_addr(expect, &name, SOCKTRACE_ADDR_USER);
	expect->ev.toctou = SOCKTRACE_TOCTOU_UNCHECKED;
}

void selftest_needs_hook(struct selftest_path *path)
{
	if (!path->sees_hook)
		path_absent(path, "it has no hook that can be probed");
}

/* The hook's record, and that of the connect that it is part of. */
void selftest_hook(struct selftest_path *path)
{
	struct selftest_expect *expect, *call;
	struct selftest_name name;
	int fd;

	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	expect = path_expect(path, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
	expect->ev.args[0] = fd;
	expect->ev.args[1] = (__s32)name.length;
	expect_socket(expect, fd);
	expect_addr(expect, &name, SOCKTRACE_ADDR_KERNEL);
	call = path_connect(path, fd, &name, 0);
	call->same_call = true;
	expect->until_ns = call->until_ns;
}
