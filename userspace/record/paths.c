// SPDX-License-Identifier: GPL-2.0
#include "record/paths.h"

#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 8192 /* of any kernel */

/* Where that of CPU `number` is; NULL: no memory, or no such CPU. */
static struct path *path_of_cpu(struct paths *paths, uint32_t number)
{
	struct path **cpus;

	if (number >= CPUS_MAX)
		return NULL;
	if (number >= paths->nr_cpus) {
		cpus = realloc(paths->cpus, (number + 1) * sizeof(*cpus));
		if (!cpus)
			return NULL;
		memset(cpus + paths->nr_cpus, 0, (number + 1 - paths->nr_cpus) * sizeof(*cpus));
		paths->cpus = cpus;
		paths->nr_cpus = number + 1;
	}
	if (!paths->cpus[number])
		paths->cpus[number] = calloc(1, sizeof(struct path));
	return paths->cpus[number];
}

static uint32_t parts_of(uint32_t length)
{
	return (length + SOCKTRACE_PATH_TEXT_LEN - 1) / SOCKTRACE_PATH_TEXT_LEN;
}

void paths_take(struct paths *paths, const struct socktrace_event *ev)
{
	struct path *path = path_of_cpu(paths, ev->cpu);
	uint32_t at, left;

	if (!path)
		return;
	if (!ev->path_part) {
		path->call_id = ev->call_id;
		path->length = ev->path_len;
		path->flags = ev->path_flags;
		path->parts = 0;
	}
	if (!ev->path_len || ev->path_len > sizeof(path->text) ||
	    ev->path_parts != parts_of(ev->path_len) || ev->path_part != path->parts ||
	    ev->path_part >= ev->path_parts || ev->path_len != path->length ||
	    ev->call_id != path->call_id) {
		path->length = 0;
		return;
	}
	at = ev->path_part * SOCKTRACE_PATH_TEXT_LEN;
	left = path->length - at;
	memcpy(path->text + at, ev->path_text,
	       left < SOCKTRACE_PATH_TEXT_LEN ? left : SOCKTRACE_PATH_TEXT_LEN);
	path->parts++;
}

const struct path *paths_of(const struct paths *paths, const struct socktrace_event *ev)
{
	const struct path *path;

	if (!(ev->flags & SOCKTRACE_F_PEER_PATH) || ev->cpu >= paths->nr_cpus)
		return NULL;
	path = paths->cpus[ev->cpu];
	if (!path || !path->length || path->call_id != ev->call_id ||
	    path->parts != parts_of(path->length))
		return NULL;
	return path;
}

void paths_free(struct paths *paths)
{
	uint32_t cpu;

	for (cpu = 0; cpu < paths->nr_cpus; cpu++)
		free(paths->cpus[cpu]);
	free(paths->cpus);
	*paths = (struct paths){ 0 };
}
