// SPDX-License-Identifier: GPL-2.0
#include "capture/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/swap.h"

__attribute__((format(printf, 2, 3)))
static int fail(struct capture_file *file, const char *format, ...)
{
	int used = snprintf(file->error, sizeof(file->error), "%.100s: ", file->name);
	va_list args;

	va_start(args, format);
	vsnprintf(file->error + used, sizeof(file->error) - (size_t)used, format, args);
	va_end(args);
	return -1;
}

int capture_broken(struct capture_file *file, const char *what)
{
	return fail(file, "%s, before byte %" PRIu64, what, file->at);
}

/* How many of the bytes there are; -1 with `error`. */
static ssize_t get(struct capture_file *file, void *to, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size && !*file->stops) {
		n = read(file->fd, (char *)to + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(file, "cannot read: %s", strerror(errno));
		if (!n)
			break;
		have += (size_t)n;
	}
	file->at += have;
	return (ssize_t)have;
}

/* The header's order is there already; the rest of it is not. */
static int check_header(struct capture_file *file)
{
	struct capture_header *header = &file->header;
	uint32_t numbers[CAPTURE_NUMBERS];
	char machine[sizeof(header->machine)];

	snprintf(machine, sizeof(machine), "%.*s", (int)sizeof(machine) - 1, header->machine);
	capture_numbers(numbers);
	if (header->version != CAPTURE_VERSION || header->size < sizeof(*header) ||
	    header->size % 8)
		return fail(file, "is a capture of version %u, this reader knows version %d: "
				  "use a newer one",
			    header->version, CAPTURE_VERSION);
	if (header->abi_version != SOCKTRACE_ABI_VERSION ||
	    header->record_size < sizeof(struct socktrace_event))
		return fail(file, "has records of version %u of the interface, this reader "
				  "knows version %d: use the one that wrote it",
			    header->abi_version, SOCKTRACE_ABI_VERSION);
	if (memcmp(numbers, header->numbers, sizeof(numbers)))
		return fail(file, "is of another kind of machine (%s), on which errors and "
				  "types of sockets have other numbers: read it on one of that "
				  "kind",
			    machine);
	return 0;
}

/* `have` bytes of it were read: the magic. 1; 0: the file ends within it; -1. */
static int get_header(struct capture_file *file)
{
	struct capture_header *header = &file->header;
	ssize_t n = get(file, (char *)header + sizeof(header->magic),
			sizeof(*header) - sizeof(header->magic));
	size_t more;

	if (n < 0)
		return -1;
	memcpy(header->magic, CAPTURE_MAGIC, sizeof(header->magic));
	file->torn = (size_t)n < sizeof(*header) - sizeof(header->magic);
	if (file->torn)
		return 0;
	file->swap = header->order != CAPTURE_ORDER;
	if (file->swap)
		swap_header(header);
	if (header->order != CAPTURE_ORDER)
		return fail(file, "is a capture of an unknown byte order");
	if (check_header(file))
		return -1;
	more = header->size - sizeof(*header);
	n = get(file, file->block, more);
	file->torn = n >= 0 && (size_t)n < more;
	return n < 0 ? -1 : !file->torn;
}

int capture_open(struct capture_file *file, const char *name,
		 const volatile sig_atomic_t *stops)
{
	char magic[sizeof(file->header.magic)];
	ssize_t n;

	*file = (struct capture_file){ .name = name, .stops = stops, .fd = -1 };
	file->block = malloc(CAPTURE_BLOCK_MAX);
	if (!file->block)
		return fail(file, "%s", strerror(errno));
	if (!strcmp(name, "-")) {
		file->fd = STDIN_FILENO;
		file->name = "standard input";
	} else {
		file->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (file->fd < 0)
		return fail(file, "cannot open: %s", strerror(errno));
	n = get(file, magic, sizeof(magic));
	if (n < 0)
		return -1;
	if ((size_t)n < sizeof(magic) || memcmp(magic, CAPTURE_MAGIC, sizeof(magic)))
		return fail(file, "is no capture of socktrace-read -w");
	switch (get_header(file)) {
	case 0:
		return fail(file, "ends within its header");
	case 1:
		return 0;
	default:
		return -1;
	}
}

void capture_close(struct capture_file *file)
{
	if (file->fd > STDERR_FILENO)
		close(file->fd);
	free(file->block);
	file->fd = -1;
	file->block = NULL;
}

int capture_next(struct capture_file *file, uint32_t *kind, size_t *size)
{
	struct capture_block block;
	ssize_t n = get(file, &block, sizeof(block));

	*kind = CAPTURE_HEADER;
	*size = 0;
	if (n < 0)
		return -1;
	if ((size_t)n < sizeof(block)) {
		file->torn |= n > 0;
		return 0;
	}
	if (!memcmp(&block, CAPTURE_MAGIC, sizeof(block)))
		return get_header(file);
	if (file->swap)
		swap_numbers(&block, sizeof(uint32_t), 2);
	if (block.kind == CAPTURE_HEADER || block.size > CAPTURE_BLOCK_MAX || block.size % 8)
		return capture_broken(file, "holds what is no block");
	n = get(file, file->block, block.size);
	if (n < 0)
		return -1;
	file->torn = (size_t)n < block.size;
	if (file->swap)
		swap_payload(block.kind, file->block, (size_t)n);
	*kind = block.kind;
	*size = (size_t)n;
	return 1;
}
