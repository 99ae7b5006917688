// SPDX-License-Identifier: GPL-2.0
/*
 * uring_abi [-x]: connects through io_uring, by the numbers of x32 with -x.
 *
 * The first of them ends in io_uring_enter(2), the second is made by a worker. The
 * others go to a listener whose queue is full, and end in the call that the
 * program sleeps in: poll(2), and socketcall(2), where there is one. Prints each
 * listener's port, as `at PORT`. Status 77: this kernel has no io_uring.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static long abi_bit;
static int ring;
static struct io_uring_params params;
static char *sq, *cq;
static struct io_uring_sqe *sqes;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(size_t len, off_t what)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what);

	if (at == MAP_FAILED)
		die("uring_abi: mmap");
	return at;
}

static void open_ring(void)
{
	ring = syscall(abi_bit | SYS_io_uring_setup, 4, &params);
	if (ring < 0 && (errno == ENOSYS || errno == EPERM))
		exit(77);
	if (ring < 0)
		die("uring_abi: setup");
	sq = map(params.sq_off.array + params.sq_entries * sizeof(uint32_t),
		 IORING_OFF_SQ_RING);
	cq = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		 IORING_OFF_CQ_RING);
	sqes = map(params.sq_entries * sizeof(*sqes), IORING_OFF_SQES);
}

static uint32_t *in(char *area, uint32_t offset)
{
	return (uint32_t *)(area + offset);
}

/* Connects a new socket; one at a time: the sqe is always the first. */
static void submit(const struct sockaddr_in *address, uint8_t flags)
{
	uint32_t *tail = in(sq, params.sq_off.tail);

	memset(sqes, 0, sizeof(*sqes));
	sqes->opcode = IORING_OP_CONNECT;
	sqes->fd = socket(AF_INET, SOCK_STREAM, 0);
	sqes->flags = flags;
	sqes->addr = (uintptr_t)address;
	sqes->off = sizeof(*address);
	in(sq, params.sq_off.array)[*tail & *in(sq, params.sq_off.ring_mask)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(abi_bit | SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
		die("uring_abi: enter");
}

/* The result of the connect; -1: it is not done. */
static int result(void)
{
	const struct io_uring_cqe *cqes = (void *)(cq + params.cq_off.cqes);
	uint32_t *head = in(cq, params.cq_off.head);
	int ret;

	if (*head == __atomic_load_n(in(cq, params.cq_off.tail), __ATOMIC_ACQUIRE))
		return -1;
	ret = cqes[*head & *in(cq, params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	if (ret != 0) {
		errno = -ret;
		die("uring_abi: connect");
	}
	return ret;
}

static void in_poll(void)
{
	syscall(abi_bit | SYS_poll, &(struct pollfd){ .fd = ring, .events = POLLIN }, 1, 50);
}

#ifdef SYS_socketcall
/* Receives from a socket that is sent nothing, and gives up soon. */
static void in_socketcall(void)
{
	struct timeval soon = { .tv_usec = 50000 };
	static int ends[2];
	char byte;

	if (ends[0] == 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
			die("uring_abi: socketpair");
		setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	}
	syscall(SYS_socketcall, 10, (long[]){ ends[0], (long)&byte, 1, 0 });
}
#endif

static void finish(void (*sleep)(void))
{
	while (result() != 0)
		sleep();
}

/* Only one client has room there until it is accepted. */
static int listen_at(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*address);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	if (fd < 0 || bind(fd, (struct sockaddr *)address, len) != 0 ||
	    listen(fd, 0) != 0 ||
	    getsockname(fd, (struct sockaddr *)address, &len) != 0)
		die("uring_abi: listen");
	printf("at %d\n", ntohs(address->sin_port));
	fflush(stdout);
	return fd;
}

/* A connect that has to wait until there is room for it. */
static void connect_late(void (*sleep)(void))
{
	struct sockaddr_in address;
	int listener = listen_at(&address);

	submit(&address, 0);
	finish(in_poll);
	submit(&address, 0);
	if (result() == 0) {
		fprintf(stderr, "uring_abi: the queue had room\n");
		exit(1);
	}
	close(accept(listener, NULL, NULL));
	finish(sleep);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address;

	if (argc == 2 && strcmp(argv[1], "-x") == 0)
		abi_bit = 0x40000000;
	open_ring();

	listen_at(&address);
	submit(&address, 0);
	finish(in_poll);

	listen_at(&address);
	submit(&address, IOSQE_ASYNC);
	finish(in_poll);

	connect_late(in_poll);
#ifdef SYS_socketcall
	connect_late(in_socketcall);
#endif
	return 0;
}
