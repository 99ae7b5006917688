// SPDX-License-Identifier: GPL-2.0
/*
 * Connects whose address another thread changes meanwhile, or nobody does:
 *	race -r LOG [-b]	with the racer
 *	race -t THREADS		without, in so many threads
 *
 * Prints `ready`, and then makes, for every line with a number that it reads, so
 * many datagram connects, and prints `made NUMBER`.
 *
 * With the racer, the address is one of two listeners', 127.0.0.1 and 127.0.0.2
 * at one port: one byte, so that it is always one or the other. The racer sleeps
 * and then changes it, some times in a millisecond. It runs on the same
 * processor and at a higher priority. So it begins at its timer's interrupt,
 * wherever the connecting thread is just then (in the kernel, too, if that is
 * preemptible), and no step of that thread falls between the time that it notes
 * and the change. With -b the byte that it changes is one behind the address, in
 * what the length that is passed covers. At the end of its input the program
 * writes to LOG:
 *	struct made, for each connect
 *	the times of all changes, 64 bits each
 *
 * Without it, each thread has an address of its own, which getpeername() must
 * give back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTS 2000000
#define MAX_FLIPS 4000000
#define MAX_THREADS 64
#define MEAN_PAUSE_NS 60000
#define MAX_PAUSE_NS 100000000
#define UNHEARD 64 /* datagrams that may wait to be read */

/* One connect, as the program knows it. */
struct made {
	uint32_t flips_before; /* how often the racer had changed the address */
	uint32_t flips_after;
	uint8_t peer[8]; /* what getpeername() tells: family, port, address */
	uint32_t heard; /* which listener got what was then sent: 1, 2 */
};

static union {
	struct sockaddr_in in;
	struct sockaddr_storage storage;
} address;
static socklen_t address_len = sizeof(struct sockaddr_in);
static volatile uint8_t *racing = (uint8_t *)&address.in.sin_addr + 3;
static _Atomic uint32_t flips;
static uint64_t flip_times[MAX_FLIPS];
static struct made log_of[MAX_CONNECTS];
static uint32_t connects;
static atomic_bool ended;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in loopback(uint32_t last, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = port,
		.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | last),
	};
}

static uint32_t random_below(uint32_t *state, uint32_t limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % limit;
}

/* ---- with the racer ---- */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/*
 * The more processor time a change takes here, the longer is the sleep: else
 * nothing but changes would be done.
 */
static void *flip(void *unused)
{
	struct sched_param param = { .sched_priority = 1 };
	uint64_t began = 0, took = 0;
	uint32_t seed = 1;

	errno = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	if (errno != 0)
		die("race: SCHED_FIFO");
	while (!ended) {
		struct timespec pause = {
			.tv_nsec = random_below(&seed, 2 * MEAN_PAUSE_NS) +
				   (took < MAX_PAUSE_NS ? took : MAX_PAUSE_NS),
		};
		uint64_t now;
		uint32_t n = flips;

		nanosleep(&pause, NULL);
		if (n == MAX_FLIPS) {
			fprintf(stderr, "race: too many changes\n");
			exit(1);
		}
		now = now_ns(CLOCK_BOOTTIME);
		*racing ^= 1 ^ 2;
		flip_times[n] = now;
		flips = n + 1;
		now = now_ns(CLOCK_THREAD_CPUTIME_ID);
		took = now - began;
		began = now;
	}
	return unused;
}

static int listeners[2];

/* What has arrived, and where. */
static void hear(uint32_t unheard)
{
	struct pollfd fds[2] = {
		{ .fd = listeners[0], .events = POLLIN },
		{ .fd = listeners[1], .events = POLLIN },
	};
	uint32_t number;

	while (unheard) {
		if (poll(fds, 2, 5000) <= 0)
			die("race: a datagram is missing");
		for (int i = 0; i < 2; i++) {
			while (recv(fds[i].fd, &number, sizeof(number), MSG_DONTWAIT) ==
			       sizeof(number)) {
				log_of[number].heard = i + 1;
				unheard--;
			}
		}
	}
}

static void race(uint32_t count)
{
	static int fd = -1;

	if (fd < 0)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connects + count > MAX_CONNECTS)
		die("race: socket");
	for (uint32_t i = 0; i < count; i++) {
		struct made *made = &log_of[connects];
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);

		made->flips_before = flips;
		if (connect(fd, (struct sockaddr *)&address, address_len) != 0)
			die("race: connect");
		made->flips_after = flips;
		if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
			die("race: getpeername");
		memcpy(made->peer, &peer, sizeof(made->peer));
		if (send(fd, &connects, sizeof(connects), 0) != sizeof(connects))
			die("race: send");
		connects++;
		if (connects % UNHEARD == 0)
			hear(UNHEARD);
	}
	hear(connects % UNHEARD);
}

static void listen_at_both(void)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	at = loopback(1, 0);
	for (int i = 0; i < 2; i++) {
		listeners[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (bind(listeners[i], (struct sockaddr *)&at, sizeof(at)) != 0 ||
		    getsockname(listeners[i], (struct sockaddr *)&at, &len) != 0)
			die("race: bind");
		if (i == 0)
			address.in = at;
		at = loopback(2, at.sin_port);
	}
}

static void write_log(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(log_of, sizeof(log_of[0]), connects, file) != connects ||
	    fwrite(flip_times, sizeof(flip_times[0]), flips, file) != flips ||
	    fclose(file) != 0)
		die(path);
}

/* ---- without ---- */

struct thread {
	pthread_t id;
	uint32_t number, count;
};

static void *connect_quietly(void *argument)
{
	const struct thread *thread = argument;
	struct sockaddr_in to = loopback(thread->number + 1, htons(7));
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		die("race: socket");
	for (uint32_t i = 0; i < thread->count; i++)
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
			die("race: connect");
	if (thread->count && (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
			      memcmp(&peer, &to, sizeof(to)) != 0))
		die("race: getpeername");
	close(fd);
	return NULL;
}

static void connect_in_threads(uint32_t count, uint32_t nr_threads)
{
	struct thread threads[MAX_THREADS];

	for (uint32_t i = 0; i < nr_threads; i++) {
		threads[i].number = i;
		threads[i].count = count / nr_threads + (i < count % nr_threads);
		errno = pthread_create(&threads[i].id, NULL, connect_quietly, &threads[i]);
		if (errno != 0)
			die("race: pthread_create");
	}
	for (uint32_t i = 0; i < nr_threads; i++)
		pthread_join(threads[i].id, NULL);
}

int main(int argc, char **argv)
{
	const char *log = NULL;
	uint32_t threads = 0;
	pthread_t racer;
	cpu_set_t cpus;
	char line[32];
	int opt;

	while ((opt = getopt(argc, argv, "r:bt:")) != -1) {
		switch (opt) {
		case 'r':
			log = optarg;
			break;
		case 'b':
			address_len = sizeof(address);
			racing = (uint8_t *)(&address.in + 1) + 7;
			break;
		case 't':
			threads = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (optind < argc || (log != NULL) == (threads != 0) || threads > MAX_THREADS)
		return 2;

	if (log) {
		CPU_ZERO(&cpus);
		CPU_SET(sched_getcpu(), &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
			die("race: sched_setaffinity");
		listen_at_both();
		errno = pthread_create(&racer, NULL, flip, NULL);
		if (errno != 0)
			die("race: pthread_create");
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		uint32_t count = strtoul(line, NULL, 10);

		if (log)
			race(count);
		else
			connect_in_threads(count, threads);
		printf("made %u\n", count);
		fflush(stdout);
	}
	if (log) {
		ended = true;
		pthread_join(racer, NULL);
		write_log(log);
	}
	return 0;
}
