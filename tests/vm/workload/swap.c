// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose descriptor another thread makes name another socket meanwhile:
 *	swap accept inet|inet6|unix	what accept4() returns becomes a decoy
 *	swap socket inet		what socket() returns does
 *	swap listener inet		what accept4() is called with
 *	swap connect inet		what connect() is called with
 *
 * Prints `ready`, and then makes, for every line with a number that it reads, so
 * many calls, and prints for each of them what is true of it, and `made NUMBER`:
 *	PEER LOCAL INODE OTHER SWAPPED LIMIT
 * PEER and LOCAL are sockaddrs in hexadecimal digits, or `-`; INODE is of the
 * socket that the record is about, 0 where it was gone before anybody could look;
 * OTHER is of the other; SWAPPED: right after the call the descriptor was another's;
 * LIMIT is that of the listener's queue.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HIGH 100 /* ours are from here on: what the kernel chooses is lower */
#define DECOY_UID 4321
#define PATH "/tmp/socktrace-swap-"

struct name {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
};

static int family;
static int pair[2]; /* the true one and the decoy, or both are true in turn */
static _Atomic int target = -1; /* descriptor to swap; -1: pause */
static atomic_bool busy;
static bool both; /* there are two sockets for it, and always one of them is there */
static const int limits[2] = { 5, 9 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int high(int fd)
{
	int at = fcntl(fd, F_DUPFD, HIGH);

	if (fd < 0 || at < 0)
		die("swap: descriptor");
	close(fd);
	return at;
}

static unsigned long inode(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		die("swap: fstat");
	return st.st_ino;
}

static struct name place(const char *what, unsigned int number)
{
	struct name name = { .any.sa_family = family };

	if (family == AF_INET) {
		name.len = sizeof(name.in);
		name.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
	} else if (family == AF_INET6) {
		name.len = sizeof(name.in6);
		name.in6.sin6_addr = in6addr_loopback;
	} else {
		int len = snprintf(name.un.sun_path, sizeof(name.un.sun_path), PATH "%s-%u",
				   what, number);

		name.len = offsetof(struct sockaddr_un, sun_path) + len + 1;
		unlink(name.un.sun_path);
	}
	return name;
}

static struct name name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct name name = { .len = sizeof(struct sockaddr_un) };

	if (get(fd, &name.any, &name.len) != 0)
		die("swap: name");
	return name;
}

static int bound(int type, const char *what, unsigned int number)
{
	const struct linger reset = { 1, 0 }; /* no port is left in TIME_WAIT */
	struct name name = place(what, number);
	int fd = high(socket(family, type, 0));

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (bind(fd, &name.any, name.len) != 0)
		die("swap: bind");
	return fd;
}

static int listener(unsigned int number)
{
	int fd = bound(SOCK_STREAM, "listener", number);
	struct name name = name_of(fd, getsockname);

	if (listen(fd, limits[number]) != 0)
		die("swap: listen");
	if (family == AF_UNIX)
		chmod(name.un.sun_path, 0777);
	return fd;
}

static int client(int to, unsigned int number)
{
	struct name name = name_of(to, getsockname);
	int fd = bound(SOCK_STREAM, "client", number);

	if (connect(fd, &name.any, name.len) != 0)
		die("swap: connect");
	return fd;
}

static void forget(int fd)
{
	if (family == AF_UNIX)
		unlink(name_of(fd, getsockname).un.sun_path);
	close(fd);
}

/* Its peer is of another process and user. */
static int decoy(void)
{
	int to = listener(1);

	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setuid(DECOY_UID) != 0)
			die("swap: setuid");
		/* Dies with us: setuid() has forgotten that it should. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(STDOUT_FILENO);
		client(to, HIGH);
		while (getppid() != 1)
			sleep(1);
		_exit(0);
	}
	return high(accept4(to, NULL, NULL, 0));
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* Where there is but one, it is still a race, and a rare one. */
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/*
 * A new descriptor is swapped as soon as it is there: before, dup2() would take
 * its number. One of two is swapped all the time. This never sleeps, or it would
 * be late each time.
 */
static void *swapper(void *unused)
{
	unsigned int turn = 0;
	int at;

	pin(1);
	for (;;) {
		busy = true;
		at = target;
		if (at >= 0 && (both || fcntl(at, F_GETFD) >= 0))
			dup2(pair[both ? turn++ % 2 : 1], at);
		busy = false;
	}
	return unused;
}

static void pause_swapper(void)
{
	target = -1;
	while (busy)
		;
}

static void print_name(const struct name *name)
{
	for (socklen_t n = 0; name && n < name->len; n++)
		printf("%02x", ((const unsigned char *)&name->any)[n]);
	printf(name ? " " : "- ");
}

static void print(const struct name *peer, const struct name *local, unsigned long is,
		  unsigned long other, bool swapped, int limit)
{
	print_name(peer);
	print_name(local);
	printf("%lu %lu %d %d\n", is, other, swapped, limit);
}

/* The number that the kernel will choose next. */
static int next_number(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void new_descriptor(bool is_accept, unsigned int try)
{
	unsigned long other = inode(pair[1]), seen;
	struct name peer = {}, local = {};
	int from = -1, fd;

	if (is_accept) {
		from = client(pair[0], try % HIGH);
		peer = name_of(from, getsockname);
		local = name_of(from, getpeername);
	}
	target = next_number();
	fd = is_accept ? accept4(pair[0], NULL, NULL, 0) : socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		die("swap: call");
	seen = inode(fd);
	pause_swapper();
	print(is_accept ? &peer : NULL, is_accept ? &local : NULL, seen == other ? 0 : seen, other,
	      seen == other, is_accept ? limits[0] : 0);
	close(fd);
	if (is_accept)
		forget(from);
}

/* One connection waits at each of the two: which one it was, its own name tells. */
static void on_listener(int at, unsigned int try)
{
	static int waiting[2] = { -1, -1 };
	struct name peer, local, name;
	unsigned long other;
	int fd, which;

	for (which = 0; which < 2; which++)
		if (waiting[which] < 0)
			waiting[which] = client(pair[which], try % HIGH);
	target = at;
	fd = accept4(at, NULL, NULL, 0);
	other = inode(at);
	if (fd < 0)
		die("swap: accept4");
	peer = name_of(fd, getpeername);
	local = name_of(fd, getsockname);
	name = name_of(pair[0], getsockname);
	which = local.in.sin_port != name.in.sin_port;
	print(&peer, &local, inode(fd), inode(pair[!which]), other != inode(pair[which]),
	      limits[which]);
	close(fd);
	forget(waiting[which]);
	waiting[which] = -1;
}

/* Which of the two is connected, their peers tell: no two calls ask for the same. */
static void on_connect(int at, unsigned int try)
{
	struct name to = place("", 256 + try), peer, local;
	unsigned long seen;
	int which;

	to.in.sin_port = htons(9);
	target = at;
	if (connect(at, &to.any, to.len) != 0)
		die("swap: connect");
	seen = inode(at);
	for (which = 0; which < 2; which++) {
		peer.len = sizeof(peer.un);
		if (getpeername(pair[which], &peer.any, &peer.len) == 0 &&
		    peer.in.sin_addr.s_addr == to.in.sin_addr.s_addr)
			break;
	}
	if (which == 2)
		die("swap: nobody is connected");
	local = name_of(pair[which], getsockname);
	print(&to, &local, inode(pair[which]), inode(pair[!which]), seen != inode(pair[which]), 0);
}

int main(int argc, char **argv)
{
	unsigned int try = 0, count, n;
	const char *what = argc == 3 ? argv[1] : "";
	pthread_t thread;
	int at = -1;

	if (argc != 3 || !strchr("aslc", what[0]))
		return 2;
	family = !strcmp(argv[2], "inet") ? AF_INET :
		 !strcmp(argv[2], "inet6") ? AF_INET6 : AF_UNIX;
	both = what[0] == 'l' || what[0] == 'c';
	if (what[0] == 'c') {
		for (n = 0; n < 2; n++)
			pair[n] = bound(SOCK_DGRAM, "", 1 + n);
	} else {
		pair[0] = listener(0);
		pair[1] = both ? listener(1) : decoy();
	}
	if (both)
		at = fcntl(pair[0], F_DUPFD, HIGH);
	if (pthread_create(&thread, NULL, swapper, NULL) != 0)
		return 1;
	pin(0);
	puts("ready");
	fflush(stdout);
	while (scanf("%u", &count) == 1) {
		for (n = 0; n < count; n++, try++) {
			switch (what[0]) {
			case 'a':
			case 's':
				new_descriptor(what[0] == 'a', try);
				break;
			case 'l':
				on_listener(at, try);
				break;
			case 'c':
				on_connect(at, try);
				break;
			}
		}
		printf("made %u\n", count);
		fflush(stdout);
	}
	return 0;
}
