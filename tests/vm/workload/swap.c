// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose descriptor another thread replaces while they are under way:
 *	swap accept FAMILY TRIES	the one that accept() has just given
 *	swap listener inet TRIES	the one that accept() is called on
 *	swap connect inet TRIES		the one that connect() is called on
 *
 * FAMILY is inet, inet6 or unix. Prints two lines with what is true of the one and
 * the other socket: INODE LIMIT NAME, in accept's case of the listener and the decoy.
 * Begins at the first byte of its input. In the end it prints a line for each
 * accept, SWAPPED CLIENT, which are 0 or 1 and the client's own name. Names are
 * the bytes of getsockname(), in hexadecimal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TARGET 100 /* the descriptor at stake; all below are taken */
#define TO_BLOCK_US 300 /* time for accept() to begin to wait */

struct name {
	socklen_t length;
	struct sockaddr_storage storage;
};

static int family, decoy, client;
static struct name to_connect; /* by the other thread, once accept() waits; or none */
static atomic_bool armed, over;

static int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	perror(what);
	exit(1);
}

static struct name name_of(int fd)
{
	struct name name = { .length = sizeof(name.storage) };

	must(getsockname(fd, (struct sockaddr *)&name.storage, &name.length), "getsockname");
	return name;
}

static void print_name(const struct name *name)
{
	const unsigned char *bytes = (const unsigned char *)&name->storage;

	for (socklen_t i = 0; i < name->length; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static unsigned long inode_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st), "fstat");
	return st.st_ino;
}

/* Bound to a name of its own. */
static int bound(int type)
{
	static unsigned int number;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = must(socket(family, type, 0), "socket");

	if (family == AF_UNIX) {
		snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/swap-%d-%u", getpid(), number++);
		unlink(un.sun_path);
		must(bind(fd, (struct sockaddr *)&un, sizeof(un)), "bind");
		unlink(un.sun_path);
	} else if (family == AF_INET6) {
		must(bind(fd, (struct sockaddr *)&in6, sizeof(in6)), "bind");
	} else {
		must(bind(fd, (struct sockaddr *)&in, sizeof(in)), "bind");
	}
	return fd;
}

static int listener(int limit, bool keep)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (family != AF_UNIX || !keep) {
		fd = bound(SOCK_STREAM);
	} else {
		fd = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
		snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/swap-%d", getpid());
		unlink(un.sun_path);
		must(bind(fd, (struct sockaddr *)&un, sizeof(un)), "bind");
	}
	must(listen(fd, limit), "listen");
	return fd;
}

static int client_of(int fd)
{
	struct name to = name_of(fd);
	int one = bound(SOCK_STREAM);

	must(connect(one, (struct sockaddr *)&to.storage, to.length), "connect");
	return one;
}

/*
 * Puts the decoy where the other thread's call has its descriptor, once a call. An
 * accept() has reserved it before it waits: EBUSY, until the kernel gives it away.
 */
static void *swap_when_there(void *unused)
{
	while (!atomic_load(&over)) {
		if (!atomic_load(&armed))
			continue;
		if (to_connect.length) {
			usleep(TO_BLOCK_US);
			must(connect(client, (struct sockaddr *)&to_connect.storage,
				     to_connect.length), "connect");
		}
		while (dup2(decoy, TARGET) < 0 && errno == EBUSY)
			;
		atomic_store(&armed, false);
	}
	return unused;
}

/* From now on nothing but TARGET is free below it. */
static void fill(void)
{
	int fd;

	while ((fd = must(dup(0), "dup")) < TARGET)
		;
	close(fd);
}

static void disarm(void)
{
	while (atomic_load(&armed))
		;
}

static void accepts(unsigned int tries)
{
	int one = listener(7, true), first = listener(7, false), fd;
	struct name *clients = calloc(tries, sizeof(*clients));
	bool *swapped = calloc(tries, 1);
	unsigned long inode;

	if (family == AF_UNIX) {
		int pair[2];

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
		decoy = pair[0];
	} else {
		client_of(first);
		decoy = must(accept(first, NULL, NULL), "accept");
	}
	inode = inode_of(decoy);
	to_connect = name_of(one);
	fill();
	printf("%lu 7 ", inode_of(one));
	print_name(&(struct name){ .length = 0 });
	printf("%lu 7 ", inode);
	print_name(&(struct name){ .length = 0 });
	fflush(stdout);
	getchar();
	for (unsigned int i = 0; i < tries; i++) {
		client = bound(SOCK_STREAM);
		clients[i] = name_of(client);
		close(TARGET);
		atomic_store(&armed, true);
		fd = must(accept(one, NULL, NULL), "accept");
		disarm();
		/* The decoy may have been there too early: then it is another one. */
		swapped[i] = fd == TARGET && inode_of(TARGET) == inode;
		if (fd != TARGET)
			close(fd);
		close(client);
	}
	for (unsigned int i = 0; i < tries; i++) {
		printf("%d ", swapped[i]);
		print_name(&clients[i]);
	}
}

static void report_two(int one, int two, int limit_one, int limit_two)
{
	struct name a = name_of(one), b = name_of(two);

	printf("%lu %d ", inode_of(one), limit_one);
	print_name(&a);
	printf("%lu %d ", inode_of(two), limit_two);
	print_name(&b);
	fflush(stdout);
	getchar();
}

static void listeners(unsigned int tries)
{
	int one = listener(3, true), two = listener(5, false);

	decoy = two;
	report_two(one, two, 3, 5);
	for (unsigned int i = 0; i < tries; i++) {
		int clients[] = { client_of(one), client_of(two) };

		must(dup2(one, TARGET), "dup2");
		atomic_store(&armed, true);
		close(must(accept(TARGET, NULL, NULL), "accept"));
		disarm();
		/* What is left in either queue. */
		fcntl(one, F_SETFL, O_NONBLOCK);
		fcntl(two, F_SETFL, O_NONBLOCK);
		for (int left; (left = accept(one, NULL, NULL)) >= 0; close(left))
			;
		for (int left; (left = accept(two, NULL, NULL)) >= 0; close(left))
			;
		fcntl(one, F_SETFL, 0);
		fcntl(two, F_SETFL, 0);
		close(clients[0]);
		close(clients[1]);
	}
}

static void connects(unsigned int tries)
{
	int one = bound(SOCK_DGRAM), two = bound(SOCK_DGRAM), to = bound(SOCK_DGRAM);
	struct name name = name_of(to);

	decoy = two;
	report_two(one, two, 0, 0);
	for (unsigned int i = 0; i < tries; i++) {
		must(dup2(one, TARGET), "dup2");
		atomic_store(&armed, true);
		must(connect(TARGET, (struct sockaddr *)&name.storage, name.length), "connect");
		disarm();
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;
	unsigned int tries;

	if (argc != 4)
		return 2;
	family = !strcmp(argv[2], "unix") ? AF_UNIX :
		 !strcmp(argv[2], "inet6") ? AF_INET6 : AF_INET;
	tries = strtoul(argv[3], NULL, 10);
	must(dup2(0, TARGET), "dup2");
	must(pthread_create(&thread, NULL, swap_when_there, NULL) ? -1 : 0, "pthread_create");
	if (!strcmp(argv[1], "accept"))
		accepts(tries);
	else if (!strcmp(argv[1], "listener"))
		listeners(tries);
	else
		connects(tries);
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	return 0;
}
