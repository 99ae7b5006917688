// SPDX-License-Identifier: GPL-2.0
/* The selftest's paths through io_uring. */
#include "selftest/path.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "selftest/ring.h"

/* For all of this machine: else others may have it whom a filter of ours denies it. */
static bool is_switched_off(void)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	bool off = file && getc(file) == '2';

	if (file)
		fclose(file);
	return off;
}

/* May a seccomp filter be what says that there is no such call, as podman's does? */
static bool is_filtered(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	bool filtered = false;
	char line[64];

	while (file && fgets(line, sizeof(line), file))
		filtered |= !strcmp(line, "Seccomp:\t2\n");
	if (file)
		fclose(file);
	return filtered;
}

void selftest_needs_uring(struct selftest_path *path)
{
	switch (ring_is_refused()) {
	case -ENOSYS:
		if (is_filtered())
			path_untried(path, "io_uring is not there, or a seccomp filter denies it");
		path_absent(path, "no io_uring");
	case -EPERM:
		if (is_switched_off())
			path_absent(path, "io_uring is switched off: see sysctl "
					  "kernel.io_uring_disabled");
		path_untried(path, "io_uring is denied to this process, as by a seccomp filter");
	}
}

/* `err`: 0 or -errno */
static void must(struct selftest_path *path, const char *what, int err)
{
	errno = -err;
	path_must(path, what, err);
}

/* A ring, on a kernel that knows the operation. */
static void ring_open(struct selftest_path *path, struct ring *ring,
		      enum ring_operation operation)
{
	int known;

	must(path, "io_uring_setup", ring_init(ring, path->row->how == URING_POLLED));
	known = ring_knows(ring, operation);
	if (known <= 0 && (known != -EINVAL || operation > RING_CONNECT))
		path_absent(path, "its io_uring has no such operation");
	/* Before 5.12 their records are theirs, and nobody's else. */
	if (path->row->how != URING_INLINE && !ring->native_workers)
		path_absent(path, "threads of its io_uring belong to no process");
}

static void submit(struct selftest_path *path, struct ring *ring, struct ring_entry entry)
{
	if (path->row->how == URING_WORKER)
		entry.flags |= RING_ENTRY_ASYNC;
	must(path, "io_uring_enter", ring_submit_entry(ring, &entry));
}

/* The next result; `more`: others of the same operation follow. */
static int result_of(struct selftest_path *path, struct ring *ring, bool *more)
{
	int result = 0;

	must(path, "io_uring_enter", ring_wait(ring, &result, more));
	/* On kernels that can't be asked. */
	if (result == -EINVAL && ring_knows(ring, RING_ACCEPT) < 0)
		path_absent(path, "its io_uring has no such operation");
	return result;
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
	struct ring ring;
	int fd;

	ring_open(path, &ring, RING_SOCKET);
	expect = expect_uring(path, SOCKTRACE_SOCKET);
	expect->ev.args[0] = AF_INET;
	expect->ev.args[1] = SOCK_STREAM;
	expect->ev.args[2] = IPPROTO_TCP;
	submit(path, &ring, (struct ring_entry){
		.operation = RING_SOCKET,
		.fd = AF_INET,
		.off = SOCK_STREAM,
		.len = IPPROTO_TCP,
	});
	fd = result_of(path, &ring, NULL);
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
	struct ring ring;
	int fd;

	ring_open(path, &ring, RING_CONNECT);
	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	expect = expect_uring(path, SOCKTRACE_CONNECT);
	expect->ev.args[1] = (__s32)name.length;
	submit(path, &ring, (struct ring_entry){
		.operation = RING_CONNECT,
		.fd = fd,
		.addr = (uintptr_t)&name.sa,
		.off = name.length,
	});
	path_returned(path, expect, result_of(path, &ring, NULL), 0);
	expect->or_in_progress = true;
	expect_socket(expect, fd);
	/* The kernel took its copy before, and there was nobody to race with. */
	expect_addr(expect, &name, SOCKTRACE_ADDR_KERNEL);
	expect->fields |= FIELD_BIT(FIELD_TOCTOU);
	expect_local(expect, fd);
}

void selftest_uring_bind(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct selftest_name name;
	struct ring ring;
	int fd;

	ring_open(path, &ring, RING_BIND);
	path_loopback(path, AF_INET, &name);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	expect = expect_uring(path, SOCKTRACE_BIND);
	expect->ev.args[1] = (__s32)name.length;
	submit(path, &ring, (struct ring_entry){
		.operation = RING_BIND,
		.fd = fd,
		.addr = (uintptr_t)&name.sa,
		.off = name.length,
	});
	path_returned(path, expect, result_of(path, &ring, NULL), 0);
	expect_socket(expect, fd);
	expect_addr(expect, &name, SOCKTRACE_ADDR_KERNEL);
	expect_local(expect, fd);
}

void selftest_uring_listen(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct ring ring;
	int fd;

	ring_open(path, &ring, RING_LISTEN);
	fd = path_socket(path, AF_INET, SOCK_STREAM);
	expect = expect_uring(path, SOCKTRACE_LISTEN);
	expect->ev.args[1] = SELFTEST_BACKLOG;
	submit(path, &ring, (struct ring_entry){
		.operation = RING_LISTEN,
		.fd = fd,
		.len = SELFTEST_BACKLOG,
	});
	path_returned(path, expect, result_of(path, &ring, NULL), 0);
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
	struct ring ring;
	int listener, fd;

	ring_open(path, &ring, RING_ACCEPT);
	path_loopback(path, AF_INET, &name);
	listener = path_listener(path, &name);
	expect = expect_uring_accept(path, SOCK_CLOEXEC);
	submit(path, &ring, (struct ring_entry){
		.operation = RING_ACCEPT,
		.fd = listener,
		.op_flags = SOCK_CLOEXEC,
	});
	path_client(path, &name);
	fd = result_of(path, &ring, NULL);
	accepted(path, expect, fd);
}

/* One operation, which accepts for as long as clients come: two of them. */
void selftest_uring_multishot(struct selftest_path *path)
{
	struct selftest_expect *expect;
	struct selftest_name name;
	struct ring ring;
	int listener, i, fd;
	bool more = true;

	ring_open(path, &ring, RING_ACCEPT);
	path_loopback(path, AF_INET, &name);
	listener = path_listener(path, &name);
	for (i = 0; i < 2 && more; i++) {
		expect = expect_uring_accept(path, SOCK_CLOEXEC);
		if (!i)
			submit(path, &ring, (struct ring_entry){
				.operation = RING_ACCEPT,
				.fd = listener,
				.op_flags = SOCK_CLOEXEC,
				.ioprio = RING_ACCEPT_MULTISHOT,
			});
		path_client(path, &name);
		fd = result_of(path, &ring, &more);
		if (fd == -EINVAL)
			path_absent(path, "its io_uring accepts one connection a time only");
		accepted(path, expect, fd);
	}
	if (i < 2)
		path_untried(path, "the kernel ended the operation after one connection");
}
