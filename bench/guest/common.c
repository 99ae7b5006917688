// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void check(bool fine, const char *what)
{
	if (!fine)
		die("%s: %s", what, strerror(errno));
}

int checked(int fd, const char *what)
{
	check(fd >= 0, what);
	return fd;
}

void pin_to(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	check(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

void sleep_ms(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

uint64_t busy_ns(void)
{
	unsigned long long sum = 0, ns;
	char line[512];
	FILE *f = fopen("/proc/schedstat", "r");

	check(f, "/proc/schedstat");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu%*d %*u %*u %*u %*u %*u %*u %llu", &ns) == 1)
			sum += ns;
	fclose(f);
	return sum;
}

/*
 * This machine has no source of randomness, and until the kernel has its seed,
 * each connect() pays for an attempt: some boots would cost three times as much.
 */
static void seed(void)
{
	struct {
		struct rand_pool_info info;
		uint32_t bytes[16];
	} pool = { { .entropy_count = 512, .buf_size = sizeof(pool.bytes) }, { 1 } };
	int fd = open("/dev/urandom", O_RDWR);

	check(fd >= 0 && !ioctl(fd, RNDADDENTROPY, &pool), "RNDADDENTROPY");
	close(fd);
}

void run(const char *command)
{
	if (system(command))
		die("%s failed", command);
}

void copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	char block[4096];
	size_t n;

	check(in, from);
	check(out, to);
	while ((n = fread(block, 1, sizeof(block), in)))
		check(fwrite(block, 1, n, out) == n, to);
	check(!fclose(out), to);
	fclose(in);
}

unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!text || *end || n < 1 || n > max)
		die("%s: must be 1 to %u", text ? text : "a number", max);
	return n;
}

void settle(void)
{
	seed();
	/* Newer kernels have much to do for themselves after the boot. */
	sleep_ms(30000);
}
