// SPDX-License-Identifier: GPL-2.0
#include "record/images.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 8192 /* of any kernel */
#define EXE_MAX (PATH_MAX - 1)

/* Where those of CPU `number` are; NULL: no memory, or no such CPU. */
static struct images_cpu *cpu_of(struct images *images, uint32_t number)
{
	struct images_cpu **cpus;

	if (number >= CPUS_MAX)
		return NULL;
	if (number >= images->nr_cpus) {
		cpus = realloc(images->cpus, (number + 1) * sizeof(*cpus));
		if (!cpus)
			return NULL;
		memset(cpus + images->nr_cpus, 0,
		       (number + 1 - images->nr_cpus) * sizeof(*cpus));
		images->cpus = cpus;
		images->nr_cpus = number + 1;
	}
	if (!images->cpus[number])
		images->cpus[number] = calloc(1, sizeof(struct images_cpu));
	return images->cpus[number];
}

static uint32_t parts_of(uint32_t length)
{
	uint32_t parts = (length + SOCKTRACE_IMAGE_TEXT_LEN - 1) / SOCKTRACE_IMAGE_TEXT_LEN;

	return parts ? parts : 1;
}

/* A new one, of which nothing is here but what each part says; NULL: it can't be one. */
static struct image *image_new(const struct socktrace_event *ev)
{
	uint32_t length = (uint32_t)ev->image_exe_len + ev->image_cmdline_len;
	struct image *image;

	if (ev->image_exe_len > EXE_MAX || ev->image_cmdline_len > SOCKTRACE_CMDLINE_LEN ||
	    ev->image_parts != parts_of(length))
		return NULL;
	image = malloc(sizeof(*image) + length);
	if (!image)
		return NULL;
	image->number = ev->image;
	image->exe_length = ev->image_exe_len;
	image->cmdline_length = ev->image_cmdline_len;
	image->cmdline_size = ev->image_cmdline_size;
	image->exe_source = ev->image_exe_source;
	image->flags = ev->image_flags;
	return image;
}

static bool is_next_part(const struct images_cpu *cpu, const struct socktrace_event *ev)
{
	const struct image *image = cpu->coming;

	return image && ev->image_part == cpu->parts && image->number == ev->image &&
	       image->exe_length == ev->image_exe_len &&
	       image->cmdline_length == ev->image_cmdline_len;
}

static void forget_coming(struct images_cpu *cpu)
{
	free(cpu->coming);
	cpu->coming = NULL;
	cpu->parts = 0;
}

const struct image *images_take(struct images *images, const struct socktrace_event *ev)
{
	struct images_cpu *cpu = cpu_of(images, SOCKTRACE_IMAGE_CPU(ev->image));
	uint32_t slot = ev->image % SOCKTRACE_IMAGE_SLOTS, at, length;
	struct image *image;

	if (!cpu || !ev->image)
		return NULL;
	if (!ev->image_part) {
		forget_coming(cpu);
		cpu->coming = image_new(ev);
	} else if (!is_next_part(cpu, ev)) {
		forget_coming(cpu);
	}
	image = cpu->coming;
	if (!image)
		return NULL;
	length = image->exe_length + image->cmdline_length;
	at = cpu->parts * SOCKTRACE_IMAGE_TEXT_LEN;
	memcpy(image->text + at, ev->image_text,
	       length - at < SOCKTRACE_IMAGE_TEXT_LEN ? length - at : SOCKTRACE_IMAGE_TEXT_LEN);
	if (++cpu->parts < parts_of(length))
		return NULL;
	free(cpu->known[slot]);
	cpu->known[slot] = image;
	cpu->coming = NULL;
	cpu->parts = 0;
	return image;
}

const struct image *images_find(const struct images *images, uint64_t number)
{
	uint32_t cpu = SOCKTRACE_IMAGE_CPU(number);
	const struct image *image;

	if (!number || cpu >= images->nr_cpus || !images->cpus[cpu])
		return NULL;
	image = images->cpus[cpu]->known[number % SOCKTRACE_IMAGE_SLOTS];
	return image && image->number == number ? image : NULL;
}

void images_free(struct images *images)
{
	uint32_t cpu, slot;

	for (cpu = 0; cpu < images->nr_cpus; cpu++) {
		if (!images->cpus[cpu])
			continue;
		for (slot = 0; slot < SOCKTRACE_IMAGE_SLOTS; slot++)
			free(images->cpus[cpu]->known[slot]);
		free(images->cpus[cpu]->coming);
		free(images->cpus[cpu]);
	}
	free(images->cpus);
	*images = (struct images){ 0 };
}
