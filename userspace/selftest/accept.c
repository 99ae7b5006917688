// SPDX-License-Identifier: GPL-2.0
/* The selftest's paths through accept() and accept4(). */
#include "selftest/path.h"

#include <errno.h>

void selftest_accept(struct selftest_path *path)
{
	const struct selftest_abi *abi = path->row->abi;
	int how = path->row->how, flags = how & HOW_ACCEPT4 ? SOCK_CLOEXEC : 0, listener, client;
	struct selftest_name name, peer = { .length = sizeof(peer.bytes) };
	void *at = how & HOW_NO_ADDRESS ? NULL : peer.bytes;
	socklen_t *length = at ? &peer.length : NULL;
	struct selftest_expect *expect;
	long fd;

	path_loopback(path, how & HOW_FAMILY, &name);
	listener = path_listener(path, &name);
	client = path_client(path, &name);
	if (how & HOW_BAD_POINTER)
		at = path_bad_page(path);

	expect = path_expect(path, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	expect->ev.args[0] = listener;
	expect->ev.args[1] = flags;
	fd = how & HOW_ACCEPT4 ? abi->accept4(listener, at, length, flags) :
				 abi->accept(listener, at, length);
	path_returned(path, expect, fd, how & HOW_BAD_POINTER ? EFAULT : 0);
	if (fd >= 0) {
		expect_accepted(path, expect, (int)fd);
	} else {
		/* It has taken the connection, whose other end is the client's. */
		expect_socket(expect, listener);
		expect_lost(path, expect, client, listener);
	}
	expect_queue(expect);
}
