/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Process images: which program a record's `image` is, as PROCESS records told.
 * What is kept is what the module says is enough (SOCKTRACE_IMAGE_SLOTS): it tells
 * all others again before it names them.
 */
#ifndef SOCKTRACE_IMAGES_H
#define SOCKTRACE_IMAGES_H

#include <stdint.h>

#include <socktrace.h>

struct image {
	uint64_t number;
	uint32_t exe_length, cmdline_length; /* bytes */
	uint32_t cmdline_size; /* bytes of the whole of it */
	uint8_t exe_source; /* enum socktrace_exe_source */
	uint8_t flags; /* SOCKTRACE_IMAGE_* */
	char text[]; /* the path, and behind it the command line */
};

/* All zero: none are known. */
struct images {
	struct images_cpu {
		struct image *known[SOCKTRACE_IMAGE_SLOTS];
		struct image *coming; /* not all of its parts are here */
		uint32_t parts; /* of that, here */
	} **cpus; /* by number; NULL: none were told */
	uint32_t nr_cpus;
};

/*
 * Takes a PROCESS record in. The image, when it is whole; NULL: more is to come, or
 * the record makes no sense, or there is no memory for it.
 */
const struct image *images_take(struct images *images, const struct socktrace_event *ev);

/* The image of that number, until the next images_take(); NULL: it is not known. */
const struct image *images_find(const struct images *images, uint64_t number);

void images_free(struct images *images);

#endif
