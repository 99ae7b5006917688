// SPDX-License-Identifier: GPL-2.0
/*
 * Calls through io_uring, one after the other; a line of each when it is done:
 *
 *	EVENT RESULT REMOTE LOCAL VIA WHAT
 *
 * RESULT is the completion's: 0 instead of a descriptor. REMOTE and LOCAL are
 * IP:PORT, PATH, or - for none, as getpeername() and getsockname() tell them (of
 * a connect that failed: the address asked for). VIA is io_uring, or syscall
 * for the calls between, which io_uring's must not be mixed up with. Begins at
 * the first byte or end of standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct io_uring ring;

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static void die(const char *what, int error)
{
	fprintf(stderr, "uring: %s: %s\n", what, strerror(error));
	exit(1);
}

static int must(const char *what, int result)
{
	if (result < 0)
		die(what, errno);
	return result;
}

static void print_address(const union address *addr, socklen_t len)
{
	if (addr->sa.sa_family == AF_INET && len == sizeof(addr->in))
		printf("%s:%u ", inet_ntoa(addr->in.sin_addr), ntohs(addr->in.sin_port));
	else if (addr->sa.sa_family == AF_UNIX && len > sizeof(sa_family_t))
		printf("%s ", addr->un.sun_path);
	else
		printf("- ");
}

static void print_end(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	union address addr = { 0 };
	socklen_t len = sizeof(addr);

	if (fd >= 0 && name(fd, &addr.sa, &len) == 0)
		print_address(&addr, len);
	else
		printf("- ");
}

/* Of a socket: its ends as they are now. */
static void tell(const char *event, int result, int fd, const char *via, const char *what)
{
	printf("%s %d ", event, result > 0 ? 0 : result);
	print_end(fd, getpeername);
	print_end(fd, getsockname);
	printf("%s %s\n", via, what);
}

static void tell_connect(int result, int fd, const union address *to, socklen_t len,
			 const char *via, const char *what)
{
	printf("connect %d ", result);
	print_address(to, len);
	print_end(fd, getsockname);
	printf("%s %s\n", via, what);
}

static struct io_uring_sqe *sqe(void)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring);

	if (!entry)
		die("no entry", ENOSPC);
	return entry;
}

/* The result of the next completion. */
static int completed(void)
{
	struct io_uring_cqe *cqe;
	int err = io_uring_submit_and_wait(&ring, 1), result;

	if (err >= 0)
		err = io_uring_wait_cqe(&ring, &cqe);
	if (err < 0)
		die("wait", -err);
	result = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

static int uring_socket(int domain, int type, const char *what)
{
	int fd;

	io_uring_prep_socket(sqe(), domain, type, 0, 0);
	fd = completed();
	tell("socket", fd, -1, "io_uring", what);
	return fd;
}

static void uring_connect(int fd, const union address *to, socklen_t len, bool async,
			  const char *what)
{
	struct io_uring_sqe *entry = sqe();
	int result;

	io_uring_prep_connect(entry, fd, &to->sa, len);
	if (async)
		entry->flags |= IOSQE_ASYNC;
	result = completed();
	tell_connect(result, fd, to, len, "io_uring", what);
}

static void uring_accept(int listener, bool async, const char *what)
{
	struct io_uring_sqe *entry = sqe();
	int fd;

	io_uring_prep_accept(entry, listener, NULL, NULL, SOCK_CLOEXEC);
	if (async)
		entry->flags |= IOSQE_ASYNC;
	fd = completed();
	tell("accept4", fd, fd, "io_uring", what);
	if (fd >= 0)
		close(fd);
}

/* A listener, and where it listens. */
static int listen_at(union address *at, socklen_t *len, int type, int backlog)
{
	int fd = must("socket", socket(at->sa.sa_family, type, 0));

	tell("socket", fd, -1, "syscall", "listener");
	must("bind", bind(fd, &at->sa, *len));
	must("listen", listen(fd, backlog));
	*len = sizeof(*at);
	must("getsockname", getsockname(fd, &at->sa, len));
	return fd;
}

/* Connects by system call. */
static int client(const union address *to, socklen_t len)
{
	int fd = must("socket", socket(to->sa.sa_family, SOCK_STREAM, 0));

	tell("socket", fd, -1, "syscall", "client");
	must("connect", connect(fd, &to->sa, len));
	tell_connect(0, fd, to, len, "syscall", "client");
	return fd;
}

static void begin(unsigned int flags)
{
	int err = io_uring_queue_init(16, &ring, flags);

	if (err < 0)
		die("io_uring_queue_init", -err);
}

static void sockets(void)
{
	int fd = uring_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, "inet");

	close(fd);
	uring_socket(-1, SOCK_STREAM, "no-such-family");
}

static void connects(const union address *to, socklen_t len, int listener)
{
	union address nobody = *to;
	int fd = uring_socket(to->sa.sa_family, SOCK_STREAM, "for-connect");

	uring_connect(fd, to, len, false, "connect");
	uring_accept(listener, false, "one-waits");
	close(fd);
	fd = uring_socket(to->sa.sa_family, SOCK_STREAM, "for-connect");
	uring_connect(fd, to, len, true, "by-a-worker");
	uring_accept(listener, true, "by-a-worker");
	close(fd);
	fd = uring_socket(to->sa.sa_family, SOCK_STREAM, "for-connect");
	if (to->sa.sa_family == AF_INET)
		nobody.in.sin_port = htons(1);
	else
		strcpy(nobody.un.sun_path, "/nobody");
	uring_connect(fd, &nobody, len, false, "refused");
	close(fd);
}

/* The accept is tried in vain first, and made when somebody comes. */
static void accept_that_waits(const union address *to, socklen_t len, int listener)
{
	int fd, peer;

	io_uring_prep_accept(sqe(), listener, NULL, NULL, 0);
	io_uring_submit(&ring);
	peer = client(to, len);
	fd = completed();
	tell("accept4", fd, fd, "io_uring", "waits");
	close(fd);
	close(peer);
}

static void multishot(const union address *to, socklen_t len, int listener)
{
	int peers[3], fds[3], i;

	io_uring_prep_multishot_accept(sqe(), listener, NULL, NULL, 0);
	io_uring_submit(&ring);
	for (i = 0; i < 3; i++) {
		peers[i] = client(to, len);
		fds[i] = completed();
		tell("accept4", fds[i], fds[i], "io_uring", "multishot");
	}
	for (i = 0; i < 3; i++) {
		close(peers[i]);
		close(fds[i]);
	}
	/* Ends the multishot, so that nothing of it comes later. */
	io_uring_queue_exit(&ring);
	begin(0);
}

/* Queues up behind others: tried in vain, until a worker waits for its turn. */
static void connect_that_queues(void)
{
	union address at = { .un = { .sun_family = AF_UNIX, .sun_path = "/tmp/uring-queue" } };
	socklen_t len = sizeof(at.un);
	int listener, first, second, fd, result;

	unlink(at.un.sun_path);
	listener = listen_at(&at, &len, SOCK_STREAM, 0);
	first = client(&at, len);
	second = uring_socket(AF_UNIX, SOCK_STREAM, "that-queues");
	io_uring_prep_connect(sqe(), second, &at.sa, len);
	io_uring_submit(&ring);
	fd = must("accept4", accept4(listener, NULL, NULL, 0));
	tell("accept4", fd, fd, "syscall", "first");
	result = completed();
	tell_connect(result, second, &at, len, "io_uring", "queued");
	close(fd);
	close(first);
	close(second);
	close(listener);
	unlink(at.un.sun_path);
}

/* The kernel's own thread submits. */
static void by_polling_thread(void)
{
	io_uring_queue_exit(&ring);
	begin(IORING_SETUP_SQPOLL);
	close(uring_socket(AF_INET, SOCK_DGRAM, "by-the-polling-thread"));
}

int main(void)
{
	union address inet = { .in = { .sin_family = AF_INET } };
	union address local = { .un = { .sun_family = AF_UNIX, .sun_path = "/tmp/uring" } };
	socklen_t inet_len = sizeof(inet.in), local_len = sizeof(local.un);
	int inet_listener, local_listener;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getchar() == EOF && ferror(stdin))
		return 1;
	begin(0);
	inet.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	inet_listener = listen_at(&inet, &inet_len, SOCK_STREAM, 8);
	unlink(local.un.sun_path);
	local_listener = listen_at(&local, &local_len, SOCK_STREAM, 8);
	sockets();
	connects(&inet, inet_len, inet_listener);
	connects(&local, local_len, local_listener);
	accept_that_waits(&inet, inet_len, inet_listener);
	accept_that_waits(&local, local_len, local_listener);
	multishot(&inet, inet_len, inet_listener);
	connect_that_queues();
	by_polling_thread();
	io_uring_queue_exit(&ring);
	unlink(local.un.sun_path);
	return 0;
}
