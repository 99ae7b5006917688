// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes /dev/socktrace: device [-s SEED] [-n CALLS] [-t THREADS]
 *
 * So many threads make so many calls in all on a few sessions that they share,
 * good calls and bad ones, each thread's choices by SEED alone. Meanwhile other
 * threads and processes make socket calls, and open and close sessions. Every
 * record that is read is checked to the last byte, every number is accounted for,
 * and a session that ends must obey the law of the statistics. TAP; what the
 * kernel's log has to say is for whoever runs this.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_THREADS 64
#define KICK_US 20000

static const char *const verdicts[NR_VERDICTS] = {
	[RECORDS] = "every record is whole, and none is missing untold",
	[LAW] = "the statistics add up at every session's end",
	[RESULTS] = "every call gives what it may give",
};

static const char *const done_names[NR_DONE] = {
	[DID_CALL] = "calls", [DID_READ] = "reads", [DID_RECORD] = "records",
	[DID_LOSS] = "losses", [DID_READ_FAULT] = "faulting reads",
	[DID_READ_END] = "ends of file", [DID_READV] = "reads in pieces",
	[DID_IOCTL] = "ioctls", [DID_IOCTL_OK] = "ioctls that succeeded",
	[DID_IOCTL_FAULT] = "faulting ioctls", [DID_UNKNOWN_IOCTL] = "unknown ioctls",
	[DID_FILTER] = "filters", [DID_INFLIGHT_CALL] = "calls in flight",
	[DID_POLL] = "polls", [DID_EPOLL] = "epolls", [DID_FCNTL] = "fcntls",
	[DID_REFUSED] = "calls to be refused", [DID_PROC] = "fdinfo", [DID_SYSFS] = "sysfs",
	[DID_CHILD] = "children", [DID_EXEC] = "execs", [DID_KILL] = "kills",
	[DID_NO_PRIVILEGE] = "children without privilege",
	[DID_NO_MORE] = "times of all sessions taken",
	[DID_CLOSE_UNDER_READ] = "closes under a read", [DID_SESSION] = "sessions",
	[DID_LAW] = "laws", [DID_START] = "starts", [DID_STOP_ALL] = "stops of all",
	[DID_FLUSH] = "flushes", [DID_TRAFFIC] = "calls traced",
};

static struct worker workers[MAX_THREADS];
static unsigned int nr_workers = 4;

static void interrupted(int signal)
{
	(void)signal;
}

static void *work(void *argument)
{
	struct worker *w = argument;

	for (unsigned long i = 0; i < w->calls; i++)
		do_something(w);
	return NULL;
}

/* Gets out who waits: the signal only interrupts. */
static void *kick(void *unused)
{
	while (!shared->over) {
		usleep(KICK_US);
		for (unsigned int i = 0; i < nr_workers; i++)
			if (workers[i].busy)
				pthread_kill(workers[i].id, SIGUSR1);
	}
	return unused;
}

static pid_t start_process(void (*run)(void))
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run();
	_exit(0);
}

static pthread_t start_thread(void *(*run)(void *), void *argument)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, run, argument);
	if (errno) {
		perror("pthread_create");
		exit(2);
	}
	return id;
}

static void learn(void)
{
	struct socktrace_info info = { 0 };
	int fd = open(SOCKTRACE_DEVICE, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, SOCKTRACE_IOC_GET_INFO, &info)) {
		printf("Bail out! " SOCKTRACE_DEVICE ": %s\n", strerror(errno));
		exit(2);
	}
	possible_cpus = info.possible_cpus;
	close(fd);
}

/* A fuzzer that has not done something has not tried it either. */
static bool everything_was_done(void)
{
	bool all = true;

	for (int i = 0; i < NR_DONE; i++) {
		printf("#   %8lu %s\n", shared->done[i], done_names[i]);
		if (!shared->done[i])
			all = false;
	}
	return all;
}

static unsigned int report(unsigned int number, bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", number, what);
	return !ok;
}

int main(int argc, char **argv)
{
	unsigned long calls = 100000;
	unsigned int failed = 0;
	pthread_t helpers[3];
	pid_t processes[2];
	struct rng rng;
	int opt;

	if (argc == 4 && !strcmp(argv[1], "--child")) {
		/* Its own counts: nobody sees them, and nothing it does can fail. */
		shared = calloc(1, sizeof(*shared));
		return shared ? child_main(atoi(argv[2]), strtoull(argv[3], NULL, 10)) : 1;
	}
	seed = time(NULL);
	while ((opt = getopt(argc, argv, "s:n:t:")) != -1) {
		switch (opt) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			calls = strtoul(optarg, NULL, 0);
			break;
		case 't':
			nr_workers = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (optind < argc || !nr_workers || nr_workers > MAX_THREADS)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..4\n# seed %llu, %lu calls by %u threads\n",
	       (unsigned long long)seed, calls, nr_workers);

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || sigaction(SIGUSR1, &(struct sigaction){
					.sa_handler = interrupted }, NULL))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	learn();
	find_sysfs_files();

	/* Before there are threads, and sessions to inherit. */
	processes[0] = start_process(churn);
	processes[1] = start_process(traffic_process);
	rng_init(&rng, seed, 3000);
	sessions_init(&rng);
	for (unsigned int i = 0; i < nr_workers; i++) {
		struct worker *w = &workers[i];

		rng_init(&w->rng, seed, i);
		arena_init(&w->arena);
		arena_init(&w->behind);
		w->calls = calls / nr_workers + (i < calls % nr_workers);
		w->epoll = epoll_create1(EPOLL_CLOEXEC);
		w->id = start_thread(work, w);
	}
	helpers[0] = start_thread(kick, NULL);
	helpers[1] = start_thread(traffic_thread, (void *)1003);
	helpers[2] = start_thread(traffic_thread, (void *)1004);

	for (unsigned int i = 0; i < nr_workers; i++)
		pthread_join(workers[i].id, NULL);
	shared->over = true;
	for (int i = 0; i < 3; i++)
		pthread_join(helpers[i], NULL);
	for (int i = 0; i < 2; i++) {
		int status;

		waitpid(processes[i], &status, 0);
		EXPECT(RESULTS, !status, "a helping process ended with status %#x", status);
	}
	for (int i = 0; i < NR_SESSIONS; i++)
		session_end(&rng, &sessions[i]);

	for (int i = 0; i < NR_VERDICTS; i++)
		failed += report(i + 1, !shared->failures[i], verdicts[i]);
	failed += report(NR_VERDICTS + 1, everything_was_done(), "everything was done");
	if (failed)
		printf("# again: -s %llu -n %lu -t %u\n", (unsigned long long)seed, calls,
		       nr_workers);
	return failed != 0;
}
