// SPDX-License-Identifier: GPL-2.0
/*
 * Every kind of call that the tracer must tell right: calls [-a ABI] [GROUP...]
 *
 * ABI is the way by which the calls come into the kernel:
 *	libc		libc's functions, the default
 *	number		syscall(2), each call by its own number
 *	socketcall	socketcall(2); only a 32-bit build has it
 *	int80		int $0x80, i386's numbers, from a 64-bit build
 *	x32		the numbers of x32, from a 64-bit build
 *
 * Each call is also written to the file that CALLS_LOG names, one line of
 * KEY=VALUE words, with what this program knows of it: an oracle next to
 * strace, for what strace does not know. A group that has a thing to say to
 * nobody but the tracer (a killed process) writes no line for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SA(address) ((struct sockaddr *)&(address))
#define BACKLOG 7

static int log_fd = -1;
static char dir[] = "/tmp/socktrace-calls-XXXXXX";
static const char *self;

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

/* ---- ABIs ---- */

static enum abi { LIBC, NUMBER, SOCKETCALL, INT80, X32 } abi;
static const char *const abis[] = { /* NULL: this build has it not */
	[LIBC] = "libc",
	[NUMBER] = "number",
#ifdef SYS_socketcall
	[SOCKETCALL] = "socketcall",
#endif
#ifdef __x86_64__
	[INT80] = "int80",
	[X32] = "x32",
#endif
};

enum { I386_SOCKETCALL = 102, I386_ACCEPT4 = 364, X32_BIT = 0x40000000 };

#ifndef SYS_accept /* i386 has its accept in socketcall(2) alone */
#define SYS_accept SYS_accept4
#endif

enum kind { CALL_SOCKET, CALL_CONNECT, CALL_ACCEPT, CALL_ACCEPT4, CALL_SOCKETPAIR };
static const struct {
	long own; /* number in this build's ABI */
	long ia32;
	long socketcall;
} numbers[] = {
	[CALL_SOCKET] = { SYS_socket, 359, 1 },
	[CALL_CONNECT] = { SYS_connect, 362, 3 },
	[CALL_ACCEPT] = { SYS_accept, I386_ACCEPT4, 5 },
	[CALL_ACCEPT4] = { SYS_accept4, I386_ACCEPT4, 18 },
	[CALL_SOCKETPAIR] = { SYS_socketpair, 360, 8 },
};

#ifdef __x86_64__
static int int80(int number, long a, long b, long c, long d)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory", "r8", "r9", "r10", "r11");
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}
#endif

/* One call, by any ABI but libc's functions. */
static int by_abi(enum kind kind, long a, long b, long c, long d)
{
	switch (abi) {
#ifdef SYS_socketcall
	case SOCKETCALL:
		return syscall(SYS_socketcall, numbers[kind].socketcall,
			       (long[]){ a, b, c, d });
#endif
#ifdef __x86_64__
	case INT80:
		return int80(numbers[kind].ia32, a, b, c, d);
	case X32:
		return syscall(X32_BIT | numbers[kind].own, a, b, c, d);
#endif
	default:
		return syscall(numbers[kind].own, a, b, c, d);
	}
}

static int call_socket(int domain, int type, int protocol)
{
	return abi == LIBC ? socket(domain, type, protocol) :
			     by_abi(CALL_SOCKET, domain, type, protocol, 0);
}

static int call_socketpair(int domain, int type, int protocol, int *sv)
{
	return abi == LIBC ? socketpair(domain, type, protocol, sv) :
			     by_abi(CALL_SOCKETPAIR, domain, type, protocol, (long)sv);
}

static int call_connect(int fd, const void *address, socklen_t len)
{
	return abi == LIBC ? connect(fd, address, len) :
			     by_abi(CALL_CONNECT, fd, (long)address, len, 0);
}

static int call_accept(int fd, void *address, socklen_t *len)
{
	return abi == LIBC ? accept(fd, address, len) :
			     by_abi(CALL_ACCEPT, fd, (long)address, (long)len, 0);
}

static int call_accept4(int fd, void *address, socklen_t *len, int flags)
{
	return abi == LIBC ? accept4(fd, address, len, flags) :
			     by_abi(CALL_ACCEPT4, fd, (long)address, (long)len, flags);
}

/*
 * Addresses below 4 GiB: i386's calls take no others, and strace takes x32's for
 * such. All that the calls are given stands on the stack, or was mapped there.
 */
static bool wants_low(void)
{
	return abi == INT80 || abi == X32;
}

#ifndef MAP_32BIT /* only amd64's programs want it */
#define MAP_32BIT 0
#endif

static void *low_stack(size_t len)
{
	void *stack = mmap(NULL, len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_32BIT, -1, 0);

	if (stack == MAP_FAILED)
		die("calls: stack");
	return stack;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
	enum { LEN = 256 * 1024 };
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	if (wants_low())
		pthread_attr_setstack(&attr, low_stack(LEN), LEN);
	errno = pthread_create(thread, &attr, run, argument);
	if (errno != 0)
		die("calls: pthread_create");
	pthread_attr_destroy(&attr);
}

/* Runs @run in this thread, with a stack that the ABI can take. */
static void run_with_stack(void (*run)(void))
{
	enum { LEN = 1024 * 1024 };
	static ucontext_t here, there;

	if (!wants_low()) {
		run();
		return;
	}
	getcontext(&there);
	there.uc_stack.ss_sp = low_stack(LEN);
	there.uc_stack.ss_size = LEN;
	there.uc_link = &here;
	makecontext(&there, run, 0);
	if (swapcontext(&here, &there) != 0)
		die("calls: swapcontext");
}

/* ---- the log ---- */

struct line {
	char text[1600];
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void add(struct line *line,
						      const char *format, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line->text + line->len, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room)
		die("calls: long line");
	line->len += len;
}

static void add_bytes(struct line *line, const char *key, const void *bytes,
		      size_t len)
{
	add(line, " %s=", key);
	for (size_t i = 0; i < len; i++)
		add(line, "%02x", ((const unsigned char *)bytes)[i]);
}

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int tid(void)
{
	return syscall(SYS_gettid);
}

/* What the program can learn of a socket: its inode, addresses and kind. */
static void add_socket(struct line *line, int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	socklen_t int_len = sizeof(int);
	struct stat st;
	int value;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	add(line, " inode=%llu", (unsigned long long)st.st_ino);
	if (getsockname(fd, SA(address), &len) == 0)
		add_bytes(line, "local", &address, len);
	len = sizeof(address);
	if (getpeername(fd, SA(address), &len) == 0)
		add_bytes(line, "peer", &address, len);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &int_len) == 0)
		add(line, " family=%d", value);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &int_len) == 0)
		add(line, " type=%d", value);
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &int_len) == 0)
		add(line, " protocol=%d", value);
}

static void put(struct line *line)
{
	add(line, "\n");
	if (log_fd >= 0 && write(log_fd, line->text, line->len) != (ssize_t)line->len)
		die("calls: log");
}

static void head(struct line *line, const char *name)
{
	line->len = 0;
	add(line, "name=%s pid=%d tid=%d ppid=%d uid=%d gid=%d", name, getpid(),
	    tid(), getppid(), getuid(), getgid());
}

/* ---- the calls, each logged ---- */

static int do_socket(int domain, int type, int protocol)
{
	struct line line;
	unsigned long long begin = now();
	int ret = call_socket(domain, type, protocol);
	int error = errno;
	unsigned long long end = now();

	head(&line, "socket");
	add(&line, " args=%d,%d,%d ret=%d begin=%llu end=%llu", domain, type,
	    protocol, ret < 0 ? -error : ret, begin, end);
	add_socket(&line, ret);
	put(&line);
	errno = error;
	return ret;
}

static int do_socketpair(int domain, int type, int protocol, int *sv)
{
	struct line line;
	unsigned long long begin = now();
	int ret = call_socketpair(domain, type, protocol, sv);
	int error = errno;
	unsigned long long end = now();

	head(&line, "socketpair");
	add(&line, " args=%d,%d,%d ret=%d begin=%llu end=%llu", domain, type,
	    protocol, ret < 0 ? -error : ret, begin, end);
	if (ret == 0) {
		add(&line, " sv=%d,%d", sv[0], sv[1]);
		add_socket(&line, sv[0]);
	}
	put(&line);
	errno = error;
	return ret;
}

static int do_connect(int fd, const void *address, socklen_t len)
{
	struct line line;
	unsigned long long begin = now();
	int ret = call_connect(fd, address, len);
	int error = errno;
	unsigned long long end = now();

	head(&line, "connect");
	add(&line, " args=%d,%d,0 ret=%d begin=%llu end=%llu", fd, (int)len,
	    ret < 0 ? -error : ret, begin, end);
	add_socket(&line, fd);
	put(&line);
	errno = error;
	return ret;
}

/* How an accept is made: accept(2), accept4(2) with flags. */
enum { ACCEPT = -1 };

static int do_accept(int fd, void *address, socklen_t *len, int flags)
{
	struct line line;
	unsigned long long begin = now();
	int ret = flags == ACCEPT ? call_accept(fd, address, len) :
				    call_accept4(fd, address, len, flags);
	int error = errno;
	unsigned long long end = now();

	/* EINTR is the kernel's ERESTARTSYS, where the tracer stands. */
	if (ret < 0 && error == EINTR)
		error = 512;
	head(&line, "accept4");
	add(&line, " args=%d,%d,0 ret=%d begin=%llu end=%llu null=%d", fd,
	    flags == ACCEPT ? 0 : flags, ret < 0 ? -error : ret, begin, end,
	    address == NULL);
	if (ret >= 0)
		add(&line, " limit=%d", BACKLOG);
	add_socket(&line, ret);
	put(&line);
	errno = error;
	return ret;
}

/* ---- addresses ---- */

static struct sockaddr_in inet(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
}

static struct sockaddr_in6 inet6(int port)
{
	return (struct sockaddr_in6){
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
}

/* A UNIX address of these bytes; gives its length. */
static socklen_t unix_address(struct sockaddr_un *address, const void *path,
			      size_t len)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, len);
	return offsetof(struct sockaddr_un, sun_path) + len;
}

static socklen_t unix_file(struct sockaddr_un *address, const char *name)
{
	char path[sizeof(address->sun_path)];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return unix_address(address, path, strlen(path) + 1);
}

static int listen_at(int family, void *address, socklen_t *len)
{
	int fd = do_socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, *len) != 0 || listen(fd, BACKLOG) != 0)
		die("calls: listen");
	if (family != AF_UNIX && getsockname(fd, address, len) != 0)
		die("calls: getsockname");
	return fd;
}

static void connect_now(int fd, const void *address, socklen_t len)
{
	if (do_connect(fd, address, len) != 0)
		die("calls: connect");
}

/* ---- the groups ---- */

/* A client and all ways to take it, at a listener of any family. */
static void serve(int family, int listener, const void *address, socklen_t len)
{
	struct sockaddr_storage peer;
	socklen_t peer_len;

	for (int way = 0; way < 6; way++) {
		int client = do_socket(family, SOCK_STREAM, 0);
		int fd = -1;

		connect_now(client, address, len);
		peer_len = sizeof(peer);
		switch (way) {
		case 0:
			fd = do_accept(listener, &peer, &peer_len, ACCEPT);
			break;
		case 1:
			fd = do_accept(listener, NULL, NULL, ACCEPT);
			break;
		case 2:
			fd = do_accept(listener, &peer, &peer_len,
				       SOCK_NONBLOCK | SOCK_CLOEXEC);
			break;
		case 3:
			fd = do_accept(listener, NULL, NULL, SOCK_CLOEXEC);
			break;
		case 4: /* less room than the address takes */
			peer_len = 4;
			fd = do_accept(listener, &peer, &peer_len, 0);
			break;
		case 5: /* where nothing can be written: EFAULT */
			fd = do_accept(listener, (void *)1, &peer_len, 0);
			break;
		}
		if ((fd < 0) != (way == 5))
			die("calls: accept");
		if (fd >= 0)
			close(fd);
		close(client);
	}
}

static void group_inet(void)
{
	struct sockaddr_in address = inet(0);
	socklen_t len = sizeof(address);
	int listener = listen_at(AF_INET, &address, &len);
	struct sockaddr_in closed = inet(0);
	socklen_t closed_len = sizeof(closed);
	struct timeval timeout = { .tv_usec = 300000 };
	int fd, holder;

	serve(AF_INET, listener, &address, len);

	/* A backlog of three, of which one is taken. */
	for (int i = 0; i < 3; i++)
		connect_now(do_socket(AF_INET, SOCK_STREAM, 0), &address, len);
	for (int i = 0; i < 3; i++)
		do_accept(listener, NULL, NULL, 0);

	/* ECONNREFUSED: a port that is ours and that nobody listens at. */
	holder = do_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	if (bind(holder, SA(closed), sizeof(closed)) != 0 ||
	    getsockname(holder, SA(closed), &closed_len) != 0)
		die("calls: bind");
	fd = do_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	if (do_connect(fd, &closed, sizeof(closed)) == 0 || errno != ECONNREFUSED)
		die("calls: not refused");
	close(fd);
	close(holder);

	/* EINPROGRESS, done, done before. */
	fd = do_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (do_connect(fd, &address, len) == 0 || errno != EINPROGRESS)
		die("calls: not in progress");
	poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
	connect_now(fd, &address, len);
	if (do_connect(fd, &address, len) == 0 || errno != EISCONN)
		die("calls: not connected");
	do_accept(listener, NULL, NULL, ACCEPT);
	close(fd);

	/* Nobody there: at once, and after 300 ms. */
	fcntl(listener, F_SETFL, O_NONBLOCK);
	do_accept(listener, NULL, NULL, ACCEPT);
	fcntl(listener, F_SETFL, 0);
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	do_accept(listener, NULL, NULL, ACCEPT);

	/* A listener that is no more. */
	close(listener);
	do_accept(listener, NULL, NULL, ACCEPT);
}

static void group_inet6(void)
{
	struct sockaddr_in6 address = inet6(0);
	socklen_t len = sizeof(address);
	struct sockaddr_in6 mapped = {
		.sin6_family = AF_INET6,
		.sin6_addr = { .s6_addr = { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
	};
	struct sockaddr_in address4 = inet(0);
	socklen_t len4 = sizeof(address4);
	int listener = listen_at(AF_INET6, &address, &len);
	int listener4, fd;

	address.sin6_flowinfo = htonl(5);
	serve(AF_INET6, listener, &address, len);
	close(listener);

	/* IPv4 by an IPv6 socket, from either side. */
	listener4 = listen_at(AF_INET, &address4, &len4);
	mapped.sin6_port = address4.sin_port;
	fd = do_socket(AF_INET6, SOCK_STREAM, 0);
	connect_now(fd, &mapped, sizeof(mapped));
	do_accept(listener4, NULL, NULL, 0);
	close(fd);
	close(listener4);
	memset(&address, 0, sizeof(address));
	address.sin6_family = AF_INET6;
	len = sizeof(address);
	listener = listen_at(AF_INET6, &address, &len);
	address4 = inet(ntohs(address.sin6_port));
	fd = do_socket(AF_INET, SOCK_STREAM, 0);
	connect_now(fd, &address4, sizeof(address4));
	do_accept(listener, NULL, NULL, 0);
	close(fd);
	close(listener);

	/* A link-local address with its scope, which is not to be reached. */
	fd = do_socket(AF_INET6, SOCK_DGRAM, 0);
	address.sin6_addr = (struct in6_addr){ .s6_addr = { 0xfe, 0x80, [15] = 1 } };
	address.sin6_scope_id = 7777;
	do_connect(fd, &address, sizeof(address));
	close(fd);
}

static void group_unix(void)
{
	static const char hole[] = "\0socktrace\0calls\0";
	struct sockaddr_un address, long_path, bound;
	socklen_t len, bound_len;
	int listener, fd;

	/* Path, and a client that is bound to one. */
	len = unix_file(&address, "listener");
	listener = listen_at(AF_UNIX, &address, &len);
	serve(AF_UNIX, listener, &address, len);
	fd = do_socket(AF_UNIX, SOCK_STREAM, 0);
	bound_len = unix_file(&bound, "client");
	if (bind(fd, SA(bound), bound_len) != 0)
		die("calls: bind");
	connect_now(fd, &address, len);
	do_accept(listener, NULL, NULL, 0);
	close(fd);
	/* A client that the kernel gave a name. */
	fd = do_socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, SA(bound), sizeof(sa_family_t)) != 0)
		die("calls: autobind");
	connect_now(fd, &address, len);
	do_accept(listener, NULL, NULL, ACCEPT);
	close(fd);
	close(listener);

	/* Abstract, with NULs in it and at its end. */
	len = unix_address(&address, hole, sizeof(hole));
	listener = listen_at(AF_UNIX, &address, &len);
	serve(AF_UNIX, listener, &address, len);
	close(listener);

	/* 108 bytes that no NUL ends, nobody there, unnamed, bytes of no text. */
	memset(&long_path, 'x', sizeof(long_path));
	long_path.sun_family = AF_UNIX;
	fd = do_socket(AF_UNIX, SOCK_STREAM, 0);
	do_connect(fd, &long_path, sizeof(long_path));
	long_path.sun_path[0] = '\0';
	do_connect(fd, &long_path, sizeof(long_path));
	len = unix_file(&address, "nobody");
	do_connect(fd, &address, len);
	do_connect(fd, &address, sizeof(sa_family_t));
	len = unix_address(&address, "\xff\x01\"\\\n\033[1m", 9);
	do_connect(fd, &address, len);
	close(fd);

	/* Datagrams. */
	listener = do_socket(AF_UNIX, SOCK_DGRAM, 0);
	len = unix_file(&address, "datagrams");
	if (bind(listener, SA(address), len) != 0)
		die("calls: bind");
	fd = do_socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	connect_now(fd, &address, len);
	do_connect(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
		   sizeof(struct sockaddr));
	close(fd);
	close(listener);
}

static void group_netlink(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 5 };
	int fd = do_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	connect_now(fd, &address, sizeof(address));
	address.nl_pid = 0x12345678;
	address.nl_groups = 0;
	connect_now(fd, &address, sizeof(address));
	do_accept(fd, NULL, NULL, ACCEPT);
	close(fd);
	fd = do_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC);
	connect_now(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
		    sizeof(struct sockaddr));
	close(fd);
}

static void group_pair(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET,
				     SOCK_RAW /* which gives one of datagrams */ };
	int held[2] = { -1, -1 }, sv[2];
	char *pages;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (do_socketpair(AF_UNIX, types[i], 0, sv) != 0)
			die("calls: socketpair");
		close(sv[0]);
		/* The next one's descriptors are no neighbours. */
		close(held[0]);
		held[0] = sv[1];
		if (do_socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK,
				  AF_UNIX, sv) != 0)
			die("calls: socketpair");
		close(sv[1]);
		close(held[1]);
		held[1] = sv[0];
	}
	close(held[0]);
	close(held[1]);

	/* No such type, flag, protocol, family; a family that has no pairs. */
	do_socketpair(AF_UNIX, SOCK_RDM, 0, sv);
	do_socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, sv);
	do_socketpair(AF_UNIX, SOCK_STREAM, 77, sv);
	do_socketpair(-1, SOCK_STREAM, 0, sv);
	do_socketpair(AF_INET, SOCK_STREAM, IPPROTO_TCP, sv);
	do_socketpair(0x7fffffff, -1, (int)0x80000000, sv);

	/* Nowhere to write to, wholly or in part. */
	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (pages == MAP_FAILED || munmap(pages + 4096, 4096) != 0)
		die("calls: pair");
	do_socketpair(AF_UNIX, SOCK_STREAM, 0, NULL);
	do_socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)(pages + 4096));
	do_socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)(pages + 4092));
	/* At the very end of what is there. */
	if (do_socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)(pages + 4088)) == 0) {
		memcpy(sv, pages + 4088, sizeof(sv));
		close(sv[0]);
		close(sv[1]);
	}
	munmap(pages, 4096);
}

static void group_datagram(void)
{
	struct sockaddr_in address = inet(9);
	struct sockaddr_in6 address6 = inet6(9);
	struct sockaddr nothing = { .sa_family = AF_UNSPEC };
	int fd = do_socket(AF_INET, SOCK_DGRAM, 0);

	connect_now(fd, &address, sizeof(address));
	address.sin_port = htons(10);
	connect_now(fd, &address, sizeof(address));
	connect_now(fd, &nothing, sizeof(nothing));
	connect_now(fd, &nothing, sizeof(sa_family_t));
	connect_now(fd, &address, sizeof(address));
	do_accept(fd, NULL, NULL, ACCEPT);
	close(fd);
	fd = do_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
	connect_now(fd, &address6, sizeof(address6));
	connect_now(fd, &nothing, sizeof(nothing));
	close(fd);
	close(do_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static void group_errors(void)
{
	struct sockaddr_in address = inet(9);
	struct sockaddr other = { .sa_family = 99, .sa_data = "0123456789abcd" };
	char many[4096] = { AF_INET };
	int stream = do_socket(AF_INET, SOCK_STREAM, 0);
	int null = open("/dev/null", O_RDWR);
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (null < 0 || pages == MAP_FAILED || munmap(pages + 4096, 4096) != 0)
		die("calls: errors");
	memcpy(many, &(sa_family_t){ AF_INET }, sizeof(sa_family_t));

#ifdef SYS_socketcall
	/* These end before any call: nobody may tell of one. */
	syscall(SYS_socketcall, 1, 8);
	syscall(SYS_socketcall, 0, (long[]){ AF_INET, SOCK_STREAM, 0 });
	syscall(SYS_socketcall, 99, (long[]){ AF_INET, SOCK_STREAM, 0 });
#endif
	do_socket(-1, SOCK_STREAM, 0);
	do_socket(999, SOCK_STREAM, 0);
	do_socket(AF_INET, 0, 0);
	do_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP);
	do_socket(AF_INET, SOCK_STREAM, -1);
	do_socket(AF_INET, SOCK_STREAM | 0x100, 0);
	do_socket(AF_UNSPEC, SOCK_STREAM, 0);
	do_socket(0x7fffffff, -1, (int)0x80000000);

	do_connect(-1, &address, sizeof(address));
	do_connect(9999, &address, sizeof(address));
	do_connect(null, &address, sizeof(address));
	do_accept(-1, NULL, NULL, ACCEPT);
	do_accept(9999, NULL, NULL, 0);
	do_accept(null, NULL, NULL, ACCEPT);
	do_accept(stream, NULL, NULL, ACCEPT); /* no listener */
	do_accept(stream, NULL, NULL, 0x100); /* no such flag */

	/* Addresses that are not there, wholly or in part. */
	do_connect(stream, NULL, sizeof(address));
	do_connect(stream, (void *)1, sizeof(address));
	do_connect(stream, pages + 4096, sizeof(address));
	memcpy(pages + 4096 - 8, &address, 8);
	do_connect(stream, pages + 4096 - 8, sizeof(address));
	do_connect(-1, pages + 4096, sizeof(address));

	/* Lengths. */
	do_connect(stream, &address, 0);
	do_connect(stream, &address, 1);
	do_connect(stream, &address, 2);
	do_connect(stream, &address, sizeof(address) - 1);
	do_connect(stream, &address, -1);
	do_connect(stream, many, 129);
	do_connect(stream, many, sizeof(many));

	/* Families that the socket is not of, and that none is of. */
	do_connect(stream, &other, sizeof(other));
	other.sa_family = AF_UNIX;
	do_connect(stream, &other, sizeof(other));
	close(stream);
	close(null);
	munmap(pages, 4096);
}

/* What the kernel has or has not: the oracles see the same either way. */
static void group_families(void)
{
	static const int families[] = { AF_PACKET, AF_VSOCK, AF_ALG, AF_TIPC,
					AF_BLUETOOTH, AF_CAN, 44 /* XDP */,
					AF_KEY };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		int fd = do_socket(families[i], SOCK_RAW, 0);

		if (fd >= 0)
			close(fd);
		fd = do_socket(families[i], SOCK_SEQPACKET, 0);
		if (fd >= 0)
			close(fd);
	}
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/* Whatever ABI it came by. */
static bool is_accept(long number)
{
	number &= ~X32_BIT;
	return number == SYS_accept || number == SYS_accept4 ||
	       number == I386_ACCEPT4 || number == I386_SOCKETCALL;
}

/* Does it sleep by itself? A tracer may hold it on its way into a call. */
static bool sleeps(int who, bool process)
{
	char path[64], stat[512];
	const char *name_end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), process ? "/proc/%d/stat" : "/proc/self/task/%d/stat", who);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[len > 0 ? len : 0] = '\0';
	name_end = strrchr(stat, ')');
	return name_end && !strncmp(name_end, ") S", 3);
}

/* Waits until a thread of this process sleeps in its system call. */
static void wait_blocked(int who, bool process)
{
	char path[64], state[64];
	int seen = 0;

	snprintf(path, sizeof(path),
		 process ? "/proc/%d/syscall" : "/proc/self/task/%d/syscall", who);
	while (seen < 2 || !sleeps(who, process)) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t len = read(fd, state, sizeof(state) - 1);

		close(fd);
		state[len > 0 ? len : 0] = '\0';
		seen = is_accept(strtol(state, NULL, 10)) ? seen + 1 : 0;
		usleep(2000);
	}
}

struct waker {
	int sleeper;
	struct sockaddr_in address;
};

/* Signals a thread that blocks in accept(), and then connects to it. */
static void *wake(void *argument)
{
	struct waker *waker = argument;
	int fd;

	wait_blocked(waker->sleeper, false);
	syscall(SYS_tgkill, getpid(), waker->sleeper, SIGUSR1);
	while (signals == 0)
		usleep(1000);
	fd = do_socket(AF_INET, SOCK_STREAM, 0);
	connect_now(fd, &waker->address, sizeof(waker->address));
	close(fd);
	return NULL;
}

static void group_interrupted(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval timer = { { 0, 50000 }, { 0, 50000 } };
	struct waker waker = { .sleeper = tid(), .address = inet(0) };
	socklen_t len = sizeof(waker.address);
	int listener = listen_at(AF_INET, &waker.address, &len);
	pthread_t thread;
	pid_t child;

	/* Not restarted: EINTR for the program. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (do_accept(listener, NULL, NULL, ACCEPT) >= 0 || errno != 512)
		die("calls: not interrupted");
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);

	/*
	 * Restarted: one call for the program, which logs it as one, and two
	 * for the kernel and for strace.
	 */
	signals = 0;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	start_thread(&thread, wake, &waker);
	if (do_accept(listener, NULL, NULL, ACCEPT) < 0)
		die("calls: not restarted");
	pthread_join(thread, NULL);

	/* Killed while it waits: no line in the log. */
	child = fork();
	if (child == 0) {
		call_accept(listener, NULL, NULL);
		_exit(0);
	}
	wait_blocked(child, true);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(listener);
}

static void *thread_calls(void *unused)
{
	for (int i = 0; i < 5; i++) {
		struct sockaddr_in address = inet(0);
		socklen_t len = sizeof(address);
		int listener = listen_at(AF_INET, &address, &len);
		int fd = do_socket(AF_INET, SOCK_STREAM, 0);

		connect_now(fd, &address, len);
		close(do_accept(listener, SA(address), &len, ACCEPT));
		close(fd);
		close(listener);
	}
	return unused;
}

static void group_threads(void)
{
	pthread_t threads[6];

	for (int i = 0; i < 6; i++)
		start_thread(&threads[i], thread_calls, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
}

/* A descriptor that is inherited, an exec, and one that the exec closes. */
static void group_processes(void)
{
	struct sockaddr_in address = inet(0);
	socklen_t len = sizeof(address);
	int listener = listen_at(AF_INET, &address, &len);
	pid_t child = fork();

	if (child == 0) {
		int fd = do_socket(AF_INET, SOCK_STREAM, 0);

		connect_now(fd, &address, len);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	do_accept(listener, NULL, NULL, 0);
	child = fork();
	if (child == 0) {
		do_socket(AF_INET, SOCK_DGRAM, 0);
		execl(self, self, "-a", abis[abi], "datagram", NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	close(listener);
}

/* Processes that are gone before anybody looks. */
static void group_short(void)
{
	struct sockaddr_un address;
	socklen_t len = unix_file(&address, "nobody");

	for (int i = 0; i < 30; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(do_connect(do_socket(AF_UNIX, SOCK_STREAM, 0),
					 &address, len) == 0);
		if (i % 5 == 4)
			while (wait(NULL) > 0)
				;
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "inet", group_inet },
	{ "inet6", group_inet6 },
	{ "unix", group_unix },
	{ "pair", group_pair },
	{ "netlink", group_netlink },
	{ "datagram", group_datagram },
	{ "errors", group_errors },
	{ "families", group_families },
	{ "interrupted", group_interrupted },
	{ "threads", group_threads },
	{ "processes", group_processes },
	{ "short", group_short },
};

static char **wanted;

static bool is_wanted(const char *name)
{
	for (char **w = wanted; *w != NULL; w++)
		if (strcmp(*w, name) == 0)
			return true;
	return wanted[0] == NULL;
}

static void run_wanted(void)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (is_wanted(groups[i].name))
			groups[i].run();
}

static bool take_abi(const char *name)
{
	for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]); i++)
		if (abis[i] != NULL && strcmp(name, abis[i]) == 0) {
			abi = i;
			return true;
		}
	return false;
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(name, groups[i].name) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *log = getenv("CALLS_LOG");
	int opt;

	self = argv[0];
	while ((opt = getopt(argc, argv, "a:")) != -1) {
		if (opt != 'a' || !take_abi(optarg)) {
			fprintf(stderr, "calls: no such ABI\n");
			return 2;
		}
	}
	wanted = argv + optind;
	for (char **w = wanted; *w != NULL; w++) {
		if (!is_group(*w)) {
			fprintf(stderr, "calls: no such group\n");
			return 2;
		}
	}
	if (log != NULL) {
		log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
		if (log_fd < 0)
			die(log);
	}
	if (mkdtemp(dir) == NULL)
		die(dir);
	run_with_stack(run_wanted);
	return 0;
}
