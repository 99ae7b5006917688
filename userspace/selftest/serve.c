// SPDX-License-Identifier: GPL-2.0
/* The selftest's paths through bind() and listen(). */
#include "selftest/path.h"

#include <errno.h>
#include <unistd.h>

static void call_bind(struct selftest_path *path, int fd, const struct selftest_name *name,
		      int wanted)
{
	struct selftest_expect *expect = path_expect(path, SOCKTRACE_BIND, SOCKTRACE_EXIT);
	long ret;

	expect->ev.args[0] = fd;
	expect->ev.args[1] = (__s32)name->length;
	ret = path->row->abi->bind(fd, name->bytes, name->length);
	path_returned(path, expect, ret, wanted);
	expect_socket(expect, fd);
	expect_local(expect, fd);
	/* Without the hook there is only what the caller's memory held. */
	expect_addr(expect, name,
		    path->sees_bind && wanted != EBADF ? SOCKTRACE_ADDR_KERNEL :
							 SOCKTRACE_ADDR_USER);
}

void selftest_bind(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, path->row->how, &name);
	call_bind(path, path_socket(path, path->row->how, SOCK_STREAM), &name, 0);
}

void selftest_bind_in_use(struct selftest_path *path)
{
	struct selftest_name name;
	int fd;

	path_loopback(path, AF_INET, &name);
	/* By the C library: a path's own calls are counted. */
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	path_must(path, "listen", listen(fd, SELFTEST_BACKLOG));
	name.length = sizeof(name.bytes);
	path_must(path, "getsockname", getsockname(fd, &name.sa, &name.length));
	call_bind(path, path_socket(path, AF_INET, SOCK_STREAM), &name, EADDRINUSE);
}

void selftest_bind_bad_fd(struct selftest_path *path)
{
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	call_bind(path, -1, &name, EBADF);
}

void selftest_listen(struct selftest_path *path)
{
	int fd = path_socket(path, AF_INET, SOCK_STREAM);
	struct selftest_expect *expect = path_expect(path, SOCKTRACE_LISTEN, SOCKTRACE_EXIT);

	expect->ev.args[0] = fd;
	expect->ev.args[1] = SELFTEST_BACKLOG;
	path_returned(path, expect, path->row->abi->listen(fd, SELFTEST_BACKLOG), 0);
	expect_addr(expect, NULL, SOCKTRACE_ADDR_NONE);
	expect_socket(expect, fd);
	expect_local(expect, fd);
	expect_queue(expect);
}
