// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../uapi/socktrace.h"
#include "common.h"
#include "live.h"
#include "workload.h"

#define OUTPUT "/run/socktrace-bench.out"

static unsigned int connections;

static void call_conn(void)
{
	double cost[NR_KINDS];
	unsigned int i;

	for (i = 0; i < connections; i++)
		connect_once(cost);
}

const struct live lives[NR_LIVES] = {
	{ .label = "no reader", .key = "none" },
	{ .label = "a reader that is stopped", .key = "stopped", .format = "json",
	  .stopped = true },
	{ .label = "socktrace-read -o json > FILE", .key = "json", .format = "json" },
	{ .label = "socktrace-read -o text > FILE", .key = "text", .format = "text" },
};

static pid_t start_reader(const struct live *live)
{
	char records[16];
	pid_t pid = fork();
	int fd;

	check(pid >= 0, "fork");
	if (pid)
		return pid;
	fd = checked(open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0644), OUTPUT);
	dup2(fd, STDOUT_FILENO);
	/* A stopped one leaves all in the ring; else it is as users run it. */
	snprintf(records, sizeof(records), "%u", connections * NR_CONN);
	if (live->stopped)
		execlp("socktrace-read", "socktrace-read", "-o", live->format,
		       "--records", records, (char *)NULL);
	else
		execlp("socktrace-read", "socktrace-read", "-o", live->format,
		       (char *)NULL);
	_exit(127);
}

static void wait_for_start(void)
{
	int fd = checked(open(SOCKTRACE_DEVICE, O_RDWR | O_CLOEXEC), SOCKTRACE_DEVICE);
	struct socktrace_info info = { 0 };
	unsigned int i;

	for (i = 0; i < 100 && !info.started; i++) {
		sleep_ms(100);
		check(!ioctl(fd, SOCKTRACE_IOC_GET_INFO, &info), "GET_INFO");
	}
	if (!info.started)
		die("socktrace-read does not start");
	close(fd);
}

static off_t output_size(void)
{
	struct stat st;

	return stat(OUTPUT, &st) ? 0 : st.st_size;
}

/* Until nothing more is written for half a second. */
static void wait_for_drain(void)
{
	off_t before;

	do {
		before = output_size();
		sleep_ms(500);
	} while (output_size() != before);
}

/* Each call that was made has its line. */
static void check_output(pid_t child, const char *format)
{
	static const char *const calls_seen[] = { "socket", "connect", "accept4" };
	char pattern[64], line[4096];
	unsigned int seen[3] = { 0 }, i;
	FILE *f = fopen(OUTPUT, "r");

	check(f, OUTPUT);
	snprintf(pattern, sizeof(pattern), "%d", child);
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, pattern))
			continue;
		for (i = 0; i < 3; i++) {
			char name[32];

			snprintf(name, sizeof(name),
				 strcmp(format, "json") ? " %s(" : "\"%s\"",
				 calls_seen[i]);
			seen[i] += !!strstr(line, name);
		}
	}
	fclose(f);
	for (i = 0; i < 3; i++)
		if (seen[i] < connections)
			die("-o %s: of %u %s() only %u were told", format, connections,
			    calls_seen[i], seen[i]);
}

double measure_live(const struct live *live, unsigned int nr_connections)
{
	pid_t reader = 0, child;
	uint64_t start, took;

	connections = nr_connections;
	unlink(OUTPUT);
	if (live->format) {
		reader = start_reader(live);
		wait_for_start();
	}
	sleep_ms(1000);
	if (live->stopped)
		kill(reader, SIGSTOP);
	start = busy_ns();
	child = in_child(call_conn, 0);
	wait_for_drain();
	took = busy_ns() - start;
	if (reader) {
		kill(reader, SIGCONT);
		wait_for_drain();
		check(!kill(reader, SIGINT) && waitpid(reader, NULL, 0) == reader,
		      "socktrace-read");
		check_output(child, live->format);
	}
	return (double)took / (connections * NR_CONN);
}
