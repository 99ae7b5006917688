// SPDX-License-Identifier: GPL-2.0
#include "session/muted.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* The switches that stop every kprobe of the machine without a word. */
static const struct {
	const char *path, *remedy;
} switches[] = {
	{ "/proc/sys/kernel/ftrace_enabled", "sysctl kernel.ftrace_enabled=1" },
	{ "/sys/kernel/debug/kprobes/enabled", "echo 1 > /sys/kernel/debug/kprobes/enabled" },
};
#define SWITCHES (sizeof(switches) / sizeof(switches[0]))

static bool is_off(const char *root, const char *path)
{
	char full[PATH_MAX];
	FILE *file;
	int c;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	if (!file)
		return false;
	c = getc(file);
	fclose(file);
	return c == '0';
}

void muted_reason(const char *root, char *buffer, size_t size)
{
	size_t i, at = 0;

	for (i = 0; i < SWITCHES; i++) {
		if (is_off(root, switches[i].path) && at < size)
			at += (size_t)snprintf(buffer + at, size - at, "%s%s is 0: %s",
					       at ? "; " : "", switches[i].path,
					       switches[i].remedy);
	}
	if (!at)
		snprintf(buffer, size, "check '%s', and '%s'", switches[0].remedy,
			 switches[1].remedy);
}
