// SPDX-License-Identifier: GPL-2.0
/*
 * init: first process of the small machine. Runs what there is of
 *	/kunit/             KUnit's library (if not in the kernel) and our suites
 *	/socktrace-read     its selftest; also /socktrace-read-32's
 *	/check              the promises
 * and looks whether the kernel's log is clean. With "small" on the kernel's command line:
 * without debugfs, on a root that is read-only, and it tells what memory is taken.
 * TAP, then a line with ENDED by which tests/appliance/boot knows that it is over. Where
 * there is a /program, it is run with our own arguments, and nothing else.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "module.h"

#define LOG_SIZE (1 << 20)
enum { KLOG_READ_ALL = 3, KLOG_CLEAR = 5 };

static unsigned int number;

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void report(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, name);
	fflush(stdout);
}

static void mount_all(bool small)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tmpfs", "/tmp" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (small && !strcmp(mounts[i].type, "debugfs"))
			continue;
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL) != 0)
			printf("# no %s: %s\n", mounts[i].type, strerror(errno));
	}
	if (small && mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
		printf("# the root stays writable: %s\n", strerror(errno));
}

static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, "lo");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) != 0)
		printf("# lo: %s\n", strerror(errno));
	close(fd);
}

/* Also for servers, which is not the default; where there is such a thing. */
static void fast_open(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_fastopen", "w");

	if (file) {
		fputs("3", file);
		fclose(file);
	}
}

/* Runs a program; each of its lines has `before` in front. */
static bool run(const char *before, char *const argv[])
{
	bool begins = true;
	int out[2], status, c;
	pid_t pid;
	FILE *file;

	if (pipe(out) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		close(out[1]);
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	while ((c = getc(file)) != EOF) {
		if (begins)
			fputs(before, stdout);
		begins = c == '\n';
		putchar(c);
		if (begins)
			fflush(stdout);
	}
	fclose(file);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* The kernel's log, to be freed; without its stamps if `bare`. */
static char *kernel_log(bool bare)
{
	char *log = malloc(LOG_SIZE), *from, *to, *line;
	int len = log ? klogctl(KLOG_READ_ALL, log, LOG_SIZE - 1) : -1;

	if (len < 0)
		return log ? strcpy(log, "") : NULL;
	log[len] = '\0';
	if (!bare)
		return log;
	to = log;
	for (line = log; *line; line = from) {
		from = strchr(line, '\n');
		from = from ? from + 1 : line + strlen(line);
		if (*line == '<' && strchr(line, '>'))
			line = strchr(line, '>') + 1;
		if (*line == '[' && strstr(line, "] "))
			line = strstr(line, "] ") + 2;
		memmove(to, line, (size_t)(from - line));
		to += from - line;
	}
	*to = '\0';
	return log;
}

static void print_lines(const char *before, const char *text, unsigned int max)
{
	while (*text && max--) {
		size_t len = strcspn(text, "\n");

		printf("%s%.*s\n", before, (int)len, text);
		text += len + (text[len] == '\n');
	}
	fflush(stdout);
}

/* The suites run as they load, and tell it to the kernel's log, which is cleared. */
static void kunit(void)
{
	char *log;
	int err = 0;

	klogctl(KLOG_CLEAR, NULL, 0);
	if (there("/kunit/kunit.ko"))
		err = module_load("/kunit/kunit.ko", "enable=1");
	if (!err)
		err = module_load("/kunit/socktrace-kunit.ko", "");
	log = kernel_log(true);
	if (log)
		print_lines("    ", log, ~0U);
	if (err)
		printf("# insmod: %s\n", strerror(err));
	report(!err && log && strstr(log, "ok ") && !strstr(log, "not ok "), "kunit");
	free(log);
	module_unload("socktrace_kunit");
	module_unload("kunit");
}

static void selftest(const char *reader, const char *name)
{
	char *argv[] = { (char *)reader, "--selftest", NULL };
	bool good = false;
	int err = 0;

	/* It may be built in. */
	if (there("/socktrace.ko"))
		err = module_load("/socktrace.ko", "");
	if (err)
		printf("# insmod: %s\n", strerror(err));
	else
		good = run("# ", argv);
	report(good, name);
	module_unload("socktrace");
}

/* Not as the end of another: ODEBUG: is also how old kernels tell that all is well. */
static const char *find_splat(const char *log, const char *splat)
{
	const char *at = strstr(log, splat);

	while (at && at > log && isupper((unsigned char)at[-1]))
		at = strstr(at + 1, splat);
	return at;
}

static void log_is_clean(void)
{
	static const char *const splats[] = {
		"BUG:", "WARNING:", "Oops", "Call Trace", "KASAN", "INFO: rcu", "INFO: task",
		"general protection fault", "unchecked MSR", "Unable to handle",
		"Kernel bug", "scheduling while atomic",
	};
	char *log = kernel_log(false);
	const char *found = NULL;
	unsigned int i;

	for (i = 0; log && !found && i < sizeof(splats) / sizeof(splats[0]); i++)
		found = find_splat(log, splats[i]);
	if (found)
		print_lines("# ", found, 40);
	report(log && !found, "the kernel's log is clean");
	free(log);
}

static void tests(bool small)
{
	char *check[] = { "/check", NULL };

	if (small)
		memory_told();
	if (there("/kunit"))
		kunit();
	selftest("/socktrace-read", "selftest");
	if (there("/socktrace-read-32"))
		selftest("/socktrace-read-32", "selftest of 32 bit");
	report(run("    ", check), "check");
}

/*
 * What stands behind -- on the kernel's command line. A kernel before 3.15 does not know
 * it, and keeps what could be another module's parameter (as a name with a dot).
 */
static void words_behind(char **words, size_t most)
{
	static char line[4096];
	FILE *file = fopen("/proc/cmdline", "r");
	char *at = file && fgets(line, sizeof(line), file) ? strstr(line, " -- ") : NULL;
	size_t n = 0;

	if (file)
		fclose(file);
	for (at = at ? strtok(at + 4, " \n") : NULL; at && n + 1 < most; at = strtok(NULL, " \n"))
		words[n++] = at;
	words[n] = NULL;
}

int main(int argc, char **argv)
{
	char *behind[64] = { "/program" };
	/* A word of the kernel's command line that it doesn't know. */
	bool small = argc > 1 && !strcmp(argv[1], "small");
	struct utsname kernel;

	mount_all(small);
	loopback_up();
	fast_open();
	uname(&kernel);
	printf("\nTAP version 13\n# Linux %s %s %s\n", kernel.release, kernel.version,
	       kernel.machine);
	if (there("/program")) {
		argv[0] = "/program";
		if (argc > 1 && !strcmp(argv[1], "--")) {
			words_behind(behind + 1, sizeof(behind) / sizeof(*behind) - 1);
			argv = behind;
		}
		report(run("", argv), "the program");
	} else {
		tests(small);
	}
	log_is_clean();
	printf("1..%u\nENDED\n", number);
	fflush(stdout);
	/* Where neither is there, the one who waits for the line ends the machine. */
	sleep(1);
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
