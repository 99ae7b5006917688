// SPDX-License-Identifier: GPL-2.0
/*
 * response [--json]
 *
 * How soon a reader has its first line, how late each is, and what memory it and the module
 * take. To be run as bench/guest/cost.c is, by bench/response: times are of a processor that
 * needs a nanosecond for each instruction, and of the kernel's own waiting.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tests/appliance/memory.h"
#include "../../uapi/socktrace.h"
#include "common.h"
#include "counter.h"
#include "measure.h"

#define STARTS 5 /* of each reader: the median is told */
#define LINES MAX_ROUNDS /* in each of them */

static const struct way {
	const char *label, *key;
	char *const argv[8];
} ways[] = {
	{ "-o text", "text", { "socktrace-read", "-q", "-o", "text", NULL } },
	{ "-o text --latency 0", "text_latency_0",
	  { "socktrace-read", "-q", "-o", "text", "--latency", "0", NULL } },
	{ "-o text -e socket", "text_socket",
	  { "socktrace-read", "-q", "-o", "text", "-e", "socket", NULL } },
	{ "-o json", "json", { "socktrace-read", "-q", "-o", "json", NULL } },
};
#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

enum { FIRST, LATE, RESIDENT, OWN, NR_VALUES };
static const char *const value_keys[NR_VALUES] = {
	[FIRST] = "first_line_ms", /* from exec to the line of the first call */
	[LATE] = "line_ms", /* from a call's return to its line: the median */
	[RESIDENT] = "resident_kib",
	[OWN] = "own_kib", /* of that, what is of no file */
};
static double values[NR_WAYS][NR_VALUES][STARTS];

/* KiB: the module's code and data, and what it takes more while a session traces. */
static double code, session[STARTS];

static uint64_t *executed; /* when the reader did */

static double ms_since(uint64_t start)
{
	return (count() - start) / 1e6;
}

static pid_t start_reader(const struct way *way, FILE **lines)
{
	int ends[2];
	pid_t pid;

	check(!pipe2(ends, O_CLOEXEC), "pipe");
	pid = fork();
	check(pid >= 0, "fork");
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		*executed = count();
		execvp(way->argv[0], way->argv);
		_exit(127);
	}
	close(ends[1]);
	*lines = fdopen(ends[0], "r");
	check(*lines, "fdopen");
	return pid;
}

/* Until the line of a call of that process is there. */
static void wait_for_line(FILE *lines, pid_t pid)
{
	char line[4096], text[24], json[24];

	snprintf(text, sizeof(text), "[%d]", pid);
	snprintf(json, sizeof(json), "\"pid\":%d,", pid);
	do
		check(fgets(line, sizeof(line), lines), "socktrace-read ended");
	while (!(strstr(line, text) && strstr(line, " socket(")) &&
	       !(strstr(line, json) && strstr(line, "\"event\":\"socket\"")));
}

/* A process that makes a call each millisecond. */
static pid_t start_caller(void)
{
	pid_t pid = fork();

	check(pid >= 0, "fork");
	while (!pid) {
		close(socket(AF_UNIX, SOCK_STREAM, 0));
		sleep_ms(1);
	}
	return pid;
}

static void end(pid_t pid, int signal)
{
	check(!kill(pid, signal) && waitpid(pid, NULL, 0) == pid, "kill");
}

/* Whatever it was at, when a call is made. */
static double line_ms(FILE *lines, unsigned int n)
{
	uint64_t returned;

	sleep_ms(40 + 7 * n % 20);
	close(socket(AF_UNIX, SOCK_STREAM, 0));
	returned = count();
	wait_for_line(lines, getpid());
	return ms_since(returned);
}

static void measure_reader(unsigned int way, unsigned int start)
{
	double late[LINES];
	char status[64];
	FILE *lines;
	pid_t caller = start_caller(), reader = start_reader(&ways[way], &lines);
	unsigned int i;

	wait_for_line(lines, caller);
	values[way][FIRST][start] = ms_since(*executed);
	end(caller, SIGKILL);
	for (i = 0; i < LINES; i++)
		late[i] = line_ms(lines, i);
	values[way][LATE][start] = median(late, LINES);
	snprintf(status, sizeof(status), "/proc/%d/status", reader);
	values[way][RESIDENT][start] = memory_number(status, "VmRSS:");
	values[way][OWN][start] = memory_number(status, "RssAnon:");
	end(reader, SIGTERM);
	fclose(lines);
}

/* Of a session with all that a reader leaves to the module. */
static double session_takes(void)
{
	long before = memory_used(), taken;
	struct socktrace_config config = {
		.flags = SOCKTRACE_CONFIG_PATHS | SOCKTRACE_CONFIG_PROCESSES, /* as for JSON */
	};
	int fd = checked(open(SOCKTRACE_DEVICE, O_RDWR | O_CLOEXEC), SOCKTRACE_DEVICE);

	check(!ioctl(fd, SOCKTRACE_IOC_SET_CONFIG, &config), "SET_CONFIG");
	check(!ioctl(fd, SOCKTRACE_IOC_START), "START");
	/* The kernel sums up its processors' counts once in a second. */
	sleep_ms(3000);
	taken = memory_used() - before;
	close(fd);
	sleep_ms(3000);
	return taken;
}

static void measure_module(void)
{
	unsigned int i;

	run("modprobe socktrace");
	code = memory_number("/proc/modules", "socktrace ") / 1024;
	/* What the kernel keeps of a first time is not the session's. */
	session_takes();
	for (i = 0; i < STARTS; i++)
		session[i] = session_takes();
}

static void print_text(const char *kernel)
{
	unsigned int way;

	printf("Linux %s.\n\n%-24s%12s%12s%12s%12s\n", kernel, "socktrace-read", "first line",
	       "a line", "resident", "own");
	for (way = 0; way < NR_WAYS; way++)
		printf("%-24s%9.1f ms%9.2f ms%8.0f KiB%8.0f KiB\n", ways[way].label,
		       median(values[way][FIRST], STARTS), median(values[way][LATE], STARTS),
		       median(values[way][RESIDENT], STARTS), median(values[way][OWN], STARTS));
	printf("\nThe module's code and data %.0f KiB; while a session traces %.0f KiB more.\n",
	       code, median(session, STARTS));
}

static void print_json(const char *kernel)
{
	unsigned int way, value;

	printf("{\"kernel\":\"%s\",\"readers\":{", kernel);
	for (way = 0; way < NR_WAYS; way++) {
		printf("%s\"%s\":{", way ? "," : "", ways[way].key);
		for (value = 0; value < NR_VALUES; value++)
			printf("%s\"%s\":%.3f", value ? "," : "", value_keys[value],
			       median(values[way][value], STARTS));
		putchar('}');
	}
	printf("},\"module\":{\"code_kib\":%.0f,\"session_kib\":%.0f}}\n", code,
	       median(session, STARTS));
}

int main(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	struct utsname name;
	unsigned int way, start;

	if (argc > 1 && !json)
		die("usage: response [--json]");
	executed = mmap(NULL, sizeof(*executed), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(executed != MAP_FAILED, "mmap");
	uname(&name);
	settle();
	measure_module();
	for (way = 0; way < NR_WAYS; way++)
		for (start = 0; start < STARTS; start++)
			measure_reader(way, start);
	run("rmmod socktrace");
	if (json)
		print_json(name.release);
	else
		print_text(name.release);
	return 0;
}
