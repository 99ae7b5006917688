// SPDX-License-Identifier: GPL-2.0
/* The selftest's paths on which TCP connects by, or with, the first data. */
#include "selftest/path.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>

static struct selftest_expect *expect_fastopen(struct selftest_path *path,
					       const struct selftest_name *name)
{
	struct selftest_expect *expect = path_expect(path, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);

	expect->ev.args[0] = -1; /* the kernel has a socket there */
	expect->ev.args[1] = (__s32)name->length;
	return expect;
}

/* The send gave `ret`; the connect within it, on `fd`, gave no error then. */
static void sent(struct selftest_path *path, struct selftest_expect *expect, int fd,
		 const struct selftest_name *name, long ret)
{
	if (ret < 0 && errno == EOPNOTSUPP)
		path_absent(path, "it is switched off: see sysctl net.ipv4.tcp_fastopen");
	path_returned(path, expect, ret < 0 ? -errno : 0, 0);
	expect_socket(expect, fd);
	/* The kernel took its copy before, and there was nobody to race with. */
	expect_addr(expect, name, SOCKTRACE_ADDR_KERNEL);
	expect->fields |= FIELD_BIT(FIELD_TOCTOU);
	expect_local(expect, fd);
}

void selftest_sendto_fastopen(struct selftest_path *path)
{
	int fd = path_socket(path, AF_INET, SOCK_STREAM);
	struct selftest_expect *expect;
	struct selftest_name name;

	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	expect = expect_fastopen(path, &name);
	sent(path, expect, fd, &name,
	     sendto(fd, "x", 1, MSG_FASTOPEN, &name.sa, name.length));
}

void selftest_sendmsg_fastopen(struct selftest_path *path)
{
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	int fd = path_socket(path, AF_INET, SOCK_STREAM);
	struct selftest_expect *expect;
	struct selftest_name name;
	struct msghdr message = {
		.msg_name = name.bytes,
		.msg_iov = &data,
		.msg_iovlen = 1,
	};

	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	message.msg_namelen = name.length;
	expect = expect_fastopen(path, &name);
	sent(path, expect, fd, &name, sendmsg(fd, &message, MSG_FASTOPEN));
}

/* The handshake waits for the first data, which is no second connect. */
void selftest_connect_put_off(struct selftest_path *path)
{
	static const int options[] = { TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE };
	int fd = path_socket(path, AF_INET, SOCK_STREAM), on = 1;
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);
	struct selftest_name name;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (setsockopt(fd, IPPROTO_TCP, options[i], &on, sizeof(on)))
			path_absent(path, "its TCP puts no connect off");
	}
	path_loopback(path, AF_INET, &name);
	path_listener(path, &name);
	path_connect(path, fd, &name, 0);
	path_must(path, "getsockopt", getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
	if (info.tcpi_state != TCP_SYN_SENT)
		path_untried(path, "the kernel did not put it off");
	path_must(path, "send", send(fd, "x", 1, 0));
}
