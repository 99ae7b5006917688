// SPDX-License-Identifier: GPL-2.0
/*
 * The selftest's paths through io_uring, by liburing. It was there when this was
 * built, or it was not: then these paths can't be driven, and say so.
 */
#include "selftest/path.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_LIBURING
#include <liburing.h>
#endif

/* A ring of no entries is never made, but refused in different ways. */
void selftest_needs_uring(struct selftest_path *path)
{
#ifdef __NR_io_uring_setup
	int number = syscall(__NR_io_uring_setup, 0, NULL) < 0 ? errno : 0;

	if (number == ENOSYS)
		path_absent(path, "no io_uring");
	if (number == EPERM)
		path_absent(path, "io_uring is switched off: see sysctl kernel.io_uring_disabled");
#endif
#ifndef HAVE_LIBURING
	path_untried(path, "this reader was built without liburing");
#endif
}

#ifdef HAVE_LIBURING
#define ENTRIES 4

/* The queue, on a kernel that knows the operation. */
static void ring_open(struct selftest_path *path, struct io_uring *ring, int operation)
{
	struct io_uring_params params = {
		.flags = path->row->how == URING_POLLED ? IORING_SETUP_SQPOLL : 0,
		.sq_thread_idle = 100,
	};
	struct io_uring_probe *probe;

	errno = -io_uring_queue_init_params(ENTRIES, ring, &params);
	path_must(path, "io_uring_setup", errno ? -1 : 0);
	/* Before 5.12 their records are theirs, and nobody's else. */
	if (path->row->how != URING_INLINE && !(params.features & IORING_FEAT_NATIVE_WORKERS))
		path_untried(path, "threads of its io_uring belong to no process");
	probe = io_uring_get_probe_ring(ring);
	if (!probe || !io_uring_opcode_supported(probe, operation))
		path_absent(path, "its io_uring has no such operation");
	io_uring_free_probe(probe);
}

static struct io_uring_sqe *ring_entry(struct selftest_path *path, struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	path_must(path, "io_uring_get_sqe", sqe ? 0 : -1);
	return sqe;
}

static void ring_submit(struct selftest_path *path, struct io_uring *ring,
			struct io_uring_sqe *sqe)
{
	int ret;

	if (path->row->how == URING_WORKER)
		sqe->flags |= IOSQE_ASYNC;
	ret = io_uring_submit(ring);
	errno = -ret;
	path_must(path, "io_uring_submit", ret);
}

/* The next result; `more`: others of the same operation follow. */
static int ring_result(struct selftest_path *path, struct io_uring *ring, bool *more)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe(ring, &cqe);
	} while (ret == -EINTR);
	errno = -ret;
	path_must(path, "io_uring_wait_cqe", ret);
	ret = cqe->res;
	if (more)
		*more = cqe->flags & IORING_CQE_F_MORE;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static struct selftest_expect *expect_uring(struct selftest_path *path, unsigned int type)
{
	struct selftest_expect *expect = path_expect(path, type, SOCKTRACE_EXIT);

	expect->ev.args[0] = -1; /* the kernel is given a file */
	/* A thread of the kernel's does it, or may: one of the same process. */
	if (path->row->how != URING_INLINE)
		expect->fields &= ~(FIELD_BIT(FIELD_TID) | FIELD_BIT(FIELD_NSTID));
	return expect;
}

/* The function that is probed gives a file, of which the ring makes the fd. */
static void file_returned(struct selftest_path *path, struct selftest_expect *expect, int fd)
{
	path_returned(path, expect, fd, 0);
	expect->ev.ret = 0;
}

void selftest_uring_socket(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd;

	ring_open(path, &ring, IORING_OP_SOCKET);
	sqe = ring_entry(path, &ring);
	io_uring_prep_socket(sqe, AF_INET, SOCK_STREAM, IPPROTO_TCP, 0);
	expect = expect_uring(path, SOCKTRACE_SOCKET);
	expect->ev.args[0] = AF_INET;
	expect->ev.args[1] = SOCK_STREAM;
	expect->ev.args[2] = IPPROTO_TCP;
	ring_submit(path, &ring, sqe);
	fd = ring_result(path, &ring, NULL);
	file_returned(path, expect, fd);
	expect_addr(expect, NULL, SOCKTRACE_ADDR_NONE);
	expect_socket(expect, fd);
}

/*
 * Its first try, which does not wait, finds it in progress, and is recorded; the later
 * looks at what became of it are not.
 */
void selftest_uring_connect(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct selftest_name name;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd;

	ring_open(path, &ring, IORING_OP_CONNECT);
	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	sqe = ring_entry(path, &ring);
	io_uring_prep_connect(sqe, fd, &name.sa, name.length);
	expect = expect_uring(path, SOCKTRACE_CONNECT);
	expect->ev.args[1] = (__s32)name.length;
	ring_submit(path, &ring, sqe);
	path_returned(path, expect, ring_result(path, &ring, NULL), 0);
	expect->or_in_progress = true;
	expect_socket(expect, fd);
	/* The kernel took its copy before, and there was nobody to race with. */
	expect_addr(expect, &name, SOCKTRACE_ADDR_KERNEL);
	expect->fields |= FIELD_BIT(FIELD_TOCTOU);
	expect_local(expect, fd);
}

/* Of Linux 6.11; this liburing may be older. */
enum { OP_BIND = 56, OP_LISTEN = 57 };

void selftest_uring_bind(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct selftest_name name;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd;

	ring_open(path, &ring, OP_BIND);
	path_loopback(path, AF_INET, &name);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	sqe = ring_entry(path, &ring);
	io_uring_prep_rw(OP_BIND, sqe, fd, &name.sa, 0, name.length);
	expect = expect_uring(path, SOCKTRACE_BIND);
	expect->ev.args[1] = (__s32)name.length;
	ring_submit(path, &ring, sqe);
	path_returned(path, expect, ring_result(path, &ring, NULL), 0);
	expect_socket(expect, fd);
	expect_addr(expect, &name, SOCKTRACE_ADDR_KERNEL);
	expect_local(expect, fd);
}

void selftest_uring_listen(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd;

	ring_open(path, &ring, OP_LISTEN);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	sqe = ring_entry(path, &ring);
	io_uring_prep_rw(OP_LISTEN, sqe, fd, NULL, SELFTEST_BACKLOG, 0);
	expect = expect_uring(path, SOCKTRACE_LISTEN);
	expect->ev.args[1] = SELFTEST_BACKLOG;
	ring_submit(path, &ring, sqe);
	path_returned(path, expect, ring_result(path, &ring, NULL), 0);
	expect_socket(expect, fd);
	expect_addr(expect, NULL, SOCKTRACE_ADDR_NONE);
	expect_local(expect, fd);
	expect_queue(expect);
}

static struct selftest_expect *expect_uring_accept(struct selftest_path *path, int flags)
{
	struct selftest_expect *expect = expect_uring(path, SOCKTRACE_ACCEPT4);

	expect->ev.args[1] = flags;
	return expect;
}

static void accepted(struct selftest_path *path, struct selftest_expect *expect, int fd)
{
	file_returned(path, expect, fd);
	expect_accepted(path, expect, fd);
	expect_queue(expect);
}

/* Nobody is there yet when it is tried first. */
void selftest_uring_accept(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct selftest_name name;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int listener, fd;

	ring_open(path, &ring, IORING_OP_ACCEPT);
	path_loopback(path, AF_INET, &name);
	listener = path_listener(path, &name);
	sqe = ring_entry(path, &ring);
	io_uring_prep_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
	expect = expect_uring_accept(path, SOCK_CLOEXEC);
	ring_submit(path, &ring, sqe);
	path_client(path, &name);
	fd = ring_result(path, &ring, NULL);
	accepted(path, expect, fd);
}

/* One operation, which accepts for as long as clients come: two of them. */
void selftest_uring_multishot(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct selftest_name name;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int listener, i, fd;
	bool more = true;

	ring_open(path, &ring, IORING_OP_ACCEPT);
	path_loopback(path, AF_INET, &name);
	listener = path_listener(path, &name);
	sqe = ring_entry(path, &ring);
	io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
	for (i = 0; i < 2 && more; i++) {
		expect = expect_uring_accept(path, SOCK_CLOEXEC);
		if (!i)
			ring_submit(path, &ring, sqe);
		path_client(path, &name);
		fd = ring_result(path, &ring, &more);
		if (fd == -EINVAL)
			path_absent(path, "its io_uring accepts one connection a time only");
		accepted(path, expect, fd);
	}
	if (i < 2)
		path_untried(path, "the kernel ended the operation after one connection");
}
#else
void selftest_uring_socket(struct selftest_path *path)
{
	(void)path;
}

void selftest_uring_connect(struct selftest_path *path)
{
	(void)path;
}

void selftest_uring_bind(struct selftest_path *path)
{
	(void)path;
}

void selftest_uring_listen(struct selftest_path *path)
{
	(void)path;
}

void selftest_uring_accept(struct selftest_path *path)
{
	(void)path;
}

void selftest_uring_multishot(struct selftest_path *path)
{
	(void)path;
}
#endif
