// SPDX-License-Identifier: GPL-2.0
#include "output/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

/* A ring of files that are written again; its numbers have as many digits as the last. */
static bool is_ring(const struct rotation *rotation)
{
	return rotation->bytes && rotation->count;
}

static int digits(uint64_t last)
{
	int n = 1;

	for (; last >= 10; last /= 10)
		n++;
	return n;
}

/* The user's form, which the compiler can't check. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int fill_in_time(char *name, const char *form)
{
	time_t now = time(NULL);
	struct tm tm;

	if (strftime(name, PATH_MAX, form, localtime_r(&now, &tm)))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}
#pragma GCC diagnostic pop

/*
 * As tcpdump names its files: the first one as it was given, those after it with a number
 * behind that; a ring has numbers from the beginning. By age the name is a form of a time;
 * files of the same second have numbers.
 */
static int make_path(struct outfile *file, uint64_t number)
{
	const struct rotation *rotation = file->rotation;
	char path[PATH_MAX], name[PATH_MAX];
	int n;

	snprintf(name, sizeof(name), "%s", file->given);
	if (rotation->seconds && fill_in_time(name, file->given))
		return -1;
	n = snprintf(path, sizeof(path), "%s", name);
	if (is_ring(rotation))
		n = snprintf(path, sizeof(path), "%s%0*llu", name, digits(rotation->count - 1),
			     (unsigned long long)(number % rotation->count));
	else if (number && (!rotation->seconds || !strcmp(path, file->path) ||
			    !strchr(file->given, '%')))
		n = snprintf(path, sizeof(path), "%s%llu", name, (unsigned long long)number);
	if (n >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(file->path, path, (size_t)n + 1);
	return 0;
}

/* Opens the path, for the output's next bytes. */
static int open_path(struct outfile *file, int truncate)
{
	int fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | truncate,
		      0666);
	struct stat st;

	if (fd < 0)
		return -1;
	if (file->out->fd > STDERR_FILENO)
		close(file->out->fd);
	file->out->fd = fd;
	file->out->keeps_on = !fstat(fd, &st) && S_ISREG(st.st_mode);
	file->out->size = file->out->keeps_on ? (uint64_t)st.st_size : 0;
	file->began_s = now_s();
	return 0;
}

void outfile_stream(struct outfile *file, struct out *out, int fd)
{
	static const struct rotation none;

	*file = (struct outfile){
		.out = out,
		.name = fd == STDERR_FILENO ? "standard error" : "standard output",
		.rotation = &none,
	};
	out->fd = fd;
}

int outfile_open(struct outfile *file, struct out *out, const char *given,
		 const struct rotation *rotation)
{
	file->out = out;
	file->name = file->given = given;
	file->rotation = rotation;
	if (make_path(file, 0))
		return -1;
	file->name = file->path;
	return open_path(file, file->emptied || is_ring(rotation) ? O_TRUNC : 0);
}

bool outfile_due(const struct outfile *file)
{
	const struct rotation *rotation = file->rotation;

	return (rotation->bytes && file->out->size > rotation->bytes) ||
	       (rotation->seconds && now_s() - file->began_s >= rotation->seconds);
}

bool outfile_was_last(const struct outfile *file)
{
	const struct rotation *rotation = file->rotation;

	return rotation->count && !rotation->bytes && file->number + 1 >= rotation->count;
}

int outfile_next(struct outfile *file)
{
	char before[PATH_MAX];

	memcpy(before, file->path, sizeof(before));
	if (!make_path(file, file->number + 1) &&
	    !open_path(file, file->emptied || is_ring(file->rotation) ? O_TRUNC : 0)) {
		file->number++;
		return 0;
	}
	memcpy(file->path, before, sizeof(before));
	/* Not at once again. */
	file->began_s = now_s();
	file->out->size = 0;
	return -1;
}

int outfile_reopen(struct outfile *file)
{
	return open_path(file, 0);
}

int outfile_close(struct outfile *file)
{
	if (!file->out || file->out->fd <= STDERR_FILENO)
		return 0;
	return close(file->out->fd);
}
