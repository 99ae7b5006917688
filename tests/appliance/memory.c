// SPDX-License-Identifier: GPL-2.0
#include "memory.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"

long memory_number(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[512];
	long number = -1;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			number = strtol(line + strlen(name), NULL, 10);
	if (file)
		fclose(file);
	return number;
}

long memory_used(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "3", 1) != 1)
			printf("# caches stay\n");
		close(fd);
	}
	return memory_number("/proc/meminfo", "MemTotal:") -
	       memory_number("/proc/meminfo", "MemFree:");
}

static pid_t reader_new(void)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, STDOUT_FILENO);
	execl("/socktrace-read", "/socktrace-read", "-q", (char *)NULL);
	_exit(127);
}

static void some_calls(void)
{
	int i;

	for (i = 0; i < 10000; i++)
		close(socket(AF_UNIX, SOCK_STREAM, 0));
}

void memory_told(void)
{
	long before = memory_used(), loaded, tracing;
	char status[64];
	pid_t reader;

	if (module_load("/socktrace.ko", "") != 0)
		return;
	loaded = memory_used();
	printf("# memory: module, code and data: %ld KiB; loaded, nobody reads: %ld KiB\n",
	       memory_number("/proc/modules", "socktrace ") / 1024, loaded - before);
	reader = reader_new();
	sleep(2); /* a measurement, not a check: whatever it needs, it has by now */
	some_calls();
	sleep(2);
	tracing = memory_used();
	snprintf(status, sizeof(status), "/proc/%d/status", (int)reader);
	printf("# memory: while a reader traces: %ld KiB more, with what is its own: resident %ld KiB, of these anonymous %ld KiB\n",
	       tracing - loaded, memory_number(status, "VmRSS:"), memory_number(status, "RssAnon:"));
	kill(reader, SIGTERM);
	waitpid(reader, NULL, 0);
	printf("# memory: after it: %ld KiB more than loaded\n", memory_used() - loaded);
	module_unload("socktrace");
	printf("# memory: unloaded: %ld KiB more than before\n", memory_used() - before);
	fflush(stdout);
}
