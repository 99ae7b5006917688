// SPDX-License-Identifier: GPL-2.0
#include "tap.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Of a case, in seconds: only what hangs meets it, on the slowest of emulated machines. More
 * for a kernel that checks all it does: TAP_LIMIT_S=1200 on its command line, of which the
 * first process has what the kernel doesn't know in its environment.
 */
#define LIMIT_S 300

enum { RAN, FAILED, SKIPPED };
static jmp_buf ended;
static const char *skipped; /* why */
static char notes[4096];
static size_t notes_len;
static unsigned int number;

static void add_note(const char *format, va_list args)
{
	int len = snprintf(notes + notes_len, sizeof(notes) - notes_len, "# ");

	notes_len += (size_t)len;
	len = vsnprintf(notes + notes_len, sizeof(notes) - notes_len, format, args);
	notes_len += (size_t)len + 1;
	if (notes_len >= sizeof(notes))
		notes_len = sizeof(notes) - 1;
	notes[notes_len - 1] = '\n';
	notes[notes_len] = '\0';
}

void tap_note(const char *format, ...)
{
	va_list args;

	if (notes_len > sizeof(notes) - 256)
		return;
	va_start(args, format);
	add_note(format, args);
	va_end(args);
}

void tap_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	notes_len = notes_len > sizeof(notes) - 512 ? sizeof(notes) - 512 : notes_len;
	va_start(args, format);
	add_note(format, args);
	va_end(args);
	tap_note("%s:%d", file, line);
	longjmp(ended, FAILED);
}

void tap_skip(const char *why)
{
	skipped = why;
	longjmp(ended, SKIPPED);
}

static void expired(int signal)
{
	static const char text[] = "Bail out! a case was not done in time\n";

	(void)signal;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static unsigned int limit_s(void)
{
	const char *given = getenv("TAP_LIMIT_S");
	int seconds = given ? atoi(given) : 0;

	return seconds > 0 ? (unsigned int)seconds : LIMIT_S;
}

static bool run_one(const struct tap_case *one)
{
	time_t begin = time(NULL);
	int how;

	notes_len = 0;
	notes[0] = '\0';
	alarm(limit_s());
	how = setjmp(ended);
	if (how == RAN)
		one->run();
	alarm(0);
	printf("%sok %u - %s%s%s\n%s# %ld s\n", how == FAILED ? "not " : "", ++number,
	       one->name, how == SKIPPED ? " # SKIP " : "", how == SKIPPED ? skipped : "",
	       notes, (long)(time(NULL) - begin));
	fflush(stdout);
	return how != FAILED;
}

static bool applies(const struct tap_case *one)
{
	return !one->applies || one->applies();
}

int tap_run(const struct tap_case *cases, unsigned int count)
{
	unsigned int i, planned = 0;
	bool good = true;

	for (i = 0; i < count; i++)
		planned += applies(&cases[i]);
	signal(SIGALRM, expired);
	printf("1..%u\n", planned);
	fflush(stdout);
	for (i = 0; i < count; i++)
		if (applies(&cases[i]))
			good = run_one(&cases[i]) && good;
	return good ? 0 : 1;
}
