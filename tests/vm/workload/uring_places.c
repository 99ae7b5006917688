// SPDX-License-Identifier: GPL-2.0
/*
 * uring_places [-n N] PLACE: N accepts, connects and sockets through io_uring, as
 * nobody, whose work is done by this thread at
 *
 *	enter		the end of io_uring_enter(2)
 *	interrupt	the end of an interrupt: the thread makes no system call
 *	refused		the end of a call of the same kind that seccomp refuses
 *	no-number	the end of one by x32's number, on a kernel without x32
 *
 * Says `ready`, and begins at the first byte of standard input. From then on it
 * makes no such system call that the kernel lets through. Each operation is told
 * when it is done, as `EVENT RESULT WHICH`: WHICH is the new socket's inode, or the
 * port that was connected to.
 *
 * With PLACE `connecting`: connects of a socket that is being connected, N to
 * elsewhere and N to where it is being connected to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NOBODY 65534
#define X32_BIT 0x40000000
#define FIRST_PORT 10000

enum kind { ACCEPT4, CONNECT, SOCKET, KINDS };

static const char *const names[KINDS] = { "accept4", "connect", "socket" };
static const long numbers[KINDS] = { SYS_accept4, SYS_connect, SYS_socket };

static struct io_uring ring;
static const char *place;
static int listener, event;
static struct sockaddr_un listener_at;
static socklen_t listener_len;
/* Events wanted from the helper: it makes one each time that this grows. */
static struct shared {
	_Atomic unsigned int wanted;
	_Atomic unsigned int kind;
} *shared;

static void die(const char *what, int error)
{
	fprintf(stderr, "uring_places: %s: %s\n", what, strerror(error));
	exit(1);
}

static int must(const char *what, int result)
{
	if (result < 0)
		die(what, errno);
	return result;
}

/* Where QEMU's processors share a thread, this lets another one on. */
static void pause_shortly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* A thread that spins where the helper runs would wait for its own time to end. */
static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* with one processor, so be it */
}

static void become_nobody(void)
{
	if (getuid() != 0)
		return;
	must("setgroups", setgroups(0, NULL));
	must("setresgid", setresgid(NOBODY, NOBODY, NOBODY));
	must("setresuid", setresuid(NOBODY, NOBODY, NOBODY));
}

/* --- the helper ------------------------------------------------------------- */

static void connect_to_listener(void)
{
	int fd = must("socket", socket(AF_UNIX, SOCK_STREAM, 0));

	must("connect", connect(fd, (struct sockaddr *)&listener_at, listener_len));
	close(fd); /* what is in the queue stays there */
}

static void help(pid_t parent)
{
	unsigned int made = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(1);
	while (getppid() == parent) {
		if (shared->wanted == made) {
			pause_shortly();
			sched_yield();
			continue;
		}
		made++;
		if (shared->kind == ACCEPT4)
			connect_to_listener();
		else
			must("eventfd", eventfd_write(event, 1));
	}
}

/* --- the operations ---------------------------------------------------------- */

static struct io_uring_sqe *sqe(void)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring);

	if (!entry)
		die("no entry", ENOSPC);
	return entry;
}

static int submit(void)
{
	int submitted = io_uring_submit(&ring);

	if (submitted < 0)
		die("submit", -submitted);
	return submitted;
}

static void wait_at_place(enum kind kind, unsigned int completions)
{
	struct io_uring_cqe *cqe;

	if (strcmp(place, "enter") == 0) {
		if (io_uring_wait_cqe_nr(&ring, &cqe, completions) != 0)
			die("wait", EIO);
		return;
	}
	while (io_uring_cq_ready(&ring) < completions) {
		if (strcmp(place, "refused") == 0)
			syscall(numbers[kind], -1, 0, 0, 0);
		else if (strcmp(place, "no-number") == 0)
			syscall(X32_BIT | numbers[kind], -1, 0, 0, 0);
		pause_shortly();
	}
}

/* Takes the completions: the result of the one that is marked so. */
static int take(unsigned int completions)
{
	struct io_uring_cqe *cqe;
	int result = -ENODATA;

	while (completions-- > 0) {
		if (io_uring_peek_cqe(&ring, &cqe) != 0)
			die("no completion", ENODATA);
		if (cqe->user_data)
			result = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
	}
	return result;
}

static unsigned long inode_of(int fd)
{
	struct stat st = { 0 };

	if (fd >= 0)
		must("fstat", fstat(fd, &st));
	return st.st_ino;
}

static void operate(enum kind kind, unsigned int n, int udp)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(FIRST_PORT + n),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	struct io_uring_sqe *entry;
	unsigned int completions;
	eventfd_t count;
	int result;

	/* An accept waits by itself, the others for a poll() before them. */
	if (kind != ACCEPT4) {
		entry = sqe();
		io_uring_prep_poll_add(entry, event, POLLIN);
		entry->flags |= IOSQE_IO_LINK;
		entry->user_data = 0;
	}
	entry = sqe();
	if (kind == ACCEPT4)
		io_uring_prep_accept(entry, listener, NULL, NULL, 0);
	else if (kind == CONNECT)
		io_uring_prep_connect(entry, udp, (struct sockaddr *)&to, sizeof(to));
	else
		io_uring_prep_socket(entry, AF_UNIX, SOCK_STREAM, 0, 0);
	entry->user_data = 1;
	completions = submit();
	shared->kind = kind;
	shared->wanted++;
	wait_at_place(kind, completions);
	result = take(completions);
	if (kind != ACCEPT4)
		must("eventfd", eventfd_read(event, &count));
	if (kind == CONNECT) {
		printf("connect %d %u\n", result, FIRST_PORT + n);
		return;
	}
	printf("%s %d %lu\n", names[kind], result < 0 ? result : 0, inode_of(result));
	if (result >= 0)
		close(result);
}

static void refuse_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_accept4, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		/* As a call that has not ended yet: that is what its result is until then. */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	must("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void gate(void)
{
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		exit(1);
}

static void begin(unsigned int flags)
{
	int err = io_uring_queue_init(16, &ring, flags);

	if (err < 0)
		die("io_uring_queue_init", -err);
}

static void at_place(unsigned int operations)
{
	int cooperative = strcmp(place, "refused") == 0 || strcmp(place, "no-number") == 0;
	pid_t helper, parent = getpid();
	unsigned int kind, n;
	int udp;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die("mmap", errno);
	event = must("eventfd", eventfd(0, 0));
	udp = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
	listener = must("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	listener_at.sun_family = AF_UNIX;
	/* The kernel chooses a name. */
	must("bind", bind(listener, (struct sockaddr *)&listener_at, sizeof(sa_family_t)));
	must("listen", listen(listener, 8));
	listener_len = sizeof(listener_at);
	must("getsockname",
	     getsockname(listener, (struct sockaddr *)&listener_at, &listener_len));
	helper = must("fork", fork());
	if (helper == 0) {
		help(parent);
		_exit(0);
	}
	stay_on(0);
	/* Else the kernel interrupts the thread at once, instead of at its next call's end. */
	begin(cooperative ? IORING_SETUP_COOP_TASKRUN : 0);
	if (strcmp(place, "refused") == 0)
		refuse_calls();
	gate();
	for (kind = 0; kind < KINDS; kind++)
		for (n = 0; n < operations; n++)
			operate(kind, n, udp);
	kill(helper, SIGKILL);
}

/* --- a socket that is being connected ----------------------------------------- */

/* Only one client has room there until it is accepted. */
static int listen_at(struct sockaddr_in *at)
{
	int fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	must("bind", bind(fd, (struct sockaddr *)at, len));
	must("listen", listen(fd, 0));
	must("getsockname", getsockname(fd, (struct sockaddr *)at, &len));
	return fd;
}

static void queue_connect(int fd, const struct sockaddr_in *to)
{
	struct io_uring_sqe *entry = sqe();

	io_uring_prep_connect(entry, fd, (const struct sockaddr *)to, sizeof(*to));
	entry->user_data = 1;
	submit();
}

static void finish_connect(const char *what, const struct sockaddr_in *to)
{
	struct io_uring_cqe *cqe;
	int err = io_uring_wait_cqe(&ring, &cqe);

	if (err < 0)
		die("wait", -err);
	printf("%s %d %u\n", what, take(1), ntohs(to->sin_port));
}

static void connecting(unsigned int operations)
{
	struct sockaddr_in to, elsewhere;
	int full, first, fd;
	unsigned int n;

	full = listen_at(&to);
	listen_at(&elsewhere);
	first = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	must("connect", connect(first, (struct sockaddr *)&to, sizeof(to)));
	fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	begin(0);
	gate();
	queue_connect(fd, &to);
	for (n = 0; n < operations; n++) {
		queue_connect(fd, &elsewhere);
		finish_connect("elsewhere", &elsewhere);
		queue_connect(fd, &to);
		finish_connect("look", &to);
	}
	must("accept4", accept4(full, NULL, NULL, 0));
	finish_connect("connect", &to);
}

int main(int argc, char **argv)
{
	unsigned int operations = 40;
	int option;

	while ((option = getopt(argc, argv, "n:")) == 'n')
		operations = atoi(optarg);
	if (option != -1 || optind != argc - 1) {
		fprintf(stderr, "usage: uring_places [-n N] PLACE\n");
		return 2;
	}
	place = argv[optind];
	become_nobody();
	if (strcmp(place, "connecting") == 0)
		connecting(operations);
	else
		at_place(operations);
	return 0;
}
