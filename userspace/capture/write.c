// SPDX-License-Identifier: GPL-2.0
#include "capture/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "record/record.h"

#define PAD(n) (-(n) & 7)
#define TOLD_MAX 65536 /* texts that the writer remembers to have told */

void capture_numbers(uint32_t numbers[CAPTURE_NUMBERS])
{
	static const uint32_t here[CAPTURE_NUMBERS] = {
		SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC,
		ECONNREFUSED, ETIMEDOUT, EINPROGRESS, AF_INET6,
	};

	memcpy(numbers, here, sizeof(here));
}

static char *put(char *p, const void *from, size_t size)
{
	return (char *)memcpy(p, from, size) + size;
}

static char *put_block(char *p, enum capture_kind kind, size_t size)
{
	struct capture_block block = { .kind = kind, .size = (uint32_t)size };

	return put(p, &block, sizeof(block));
}

/* To the output, as `records` lines. */
static void done(struct capture *capture, char *end, uint64_t records)
{
	out_done(capture->out, end);
	capture->out->lines += records - 1;
}

/* --- what is known before the first record ------------------------------------------- */

/* What of `text` from `at` on has room in a record; zeros behind it. To where it ended. */
static uint32_t copy_part(char *to, uint32_t room, const char *text, uint32_t length, uint32_t at)
{
	uint32_t left = length - at < room ? length - at : room;

	memset(to, 0, room);
	memcpy(to, text + at, left);
	return at + left;
}

/* The records as which the module would tell it. */
static void put_image(struct capture *capture, const struct image *image)
{
	uint32_t length = image->exe_length + image->cmdline_length, at = 0;
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_PROCESS,
		.phase = SOCKTRACE_POINT,
		.version = SOCKTRACE_RECORD_VERSION,
		.image = image->number,
		.image_parts = (uint16_t)((length + SOCKTRACE_IMAGE_TEXT_LEN - 1) /
					  SOCKTRACE_IMAGE_TEXT_LEN),
		.image_exe_len = (uint16_t)image->exe_length,
		.image_cmdline_len = (uint16_t)image->cmdline_length,
		.image_cmdline_size = image->cmdline_size,
		.image_exe_source = image->exe_source,
		.image_flags = image->flags,
	};
	char *p = out_line(capture->out);

	if (!length)
		ev.image_parts = 1;
	p = put_block(p, CAPTURE_KNOWN, ev.image_parts * sizeof(ev));
	for (; ev.image_part < ev.image_parts; ev.image_part++) {
		at = copy_part(ev.image_text, sizeof(ev.image_text), image->text, length, at);
		p = put(p, &ev, sizeof(ev));
	}
	done(capture, p, 0);
}

static void put_path(struct capture *capture, const struct path *path, uint32_t cpu)
{
	uint32_t at = 0;
	struct socktrace_event ev = {
		.size = sizeof(ev),
		.type = SOCKTRACE_PATH,
		.phase = SOCKTRACE_POINT,
		.version = SOCKTRACE_RECORD_VERSION,
		.cpu = cpu,
		.call_id = path->call_id,
		.path_parts = (uint16_t)((path->length + SOCKTRACE_PATH_TEXT_LEN - 1) /
					 SOCKTRACE_PATH_TEXT_LEN),
		.path_len = path->length,
		.path_flags = path->flags,
	};
	char *p = out_line(capture->out);

	p = put_block(p, CAPTURE_KNOWN, path->parts * sizeof(ev));
	for (; ev.path_part < path->parts; ev.path_part++) {
		at = copy_part(ev.path_text, sizeof(ev.path_text), path->text, path->length, at);
		p = put(p, &ev, sizeof(ev));
	}
	done(capture, p, 0);
}

static void put_known(struct capture *capture)
{
	const struct images *images = capture->images;
	const struct paths *paths = capture->paths;
	uint32_t cpu, slot;

	for (cpu = 0; cpu < images->nr_cpus; cpu++) {
		for (slot = 0; images->cpus[cpu] && slot < SOCKTRACE_IMAGE_SLOTS; slot++)
			if (images->cpus[cpu]->known[slot])
				put_image(capture, images->cpus[cpu]->known[slot]);
	}
	for (cpu = 0; cpu < paths->nr_cpus; cpu++) {
		if (paths->cpus[cpu] && paths->cpus[cpu]->length && paths->cpus[cpu]->parts)
			put_path(capture, paths->cpus[cpu], cpu);
	}
}

void capture_begin(struct capture *capture, uint32_t record_size, uint32_t native_abi)
{
	struct capture_header header = {
		.magic = CAPTURE_MAGIC,
		.order = CAPTURE_ORDER,
		.version = CAPTURE_VERSION,
		.size = sizeof(header),
		.abi_version = SOCKTRACE_ABI_VERSION,
		.record_size = record_size,
		.native_abi = native_abi,
		.pidns = capture->proc->pidns,
	};
	struct utsname uts;
	char *p = out_line(capture->out);

	capture_numbers(header.numbers);
	if (!uname(&uts))
		snprintf(header.machine, sizeof(header.machine), "%.*s",
			 (int)sizeof(header.machine) - 1, uts.machine);
	done(capture, put(p, &header, sizeof(header)), 0);
	told_free(&capture->told_cgroups);
	told_free(&capture->told_exes);
	memset(capture->asked, 0, sizeof(capture->asked));
	put_known(capture);
}

/* --- records ------------------------------------------------------------------------ */

static void put_text(struct capture *capture, enum capture_kind kind, uint64_t number,
		     const char *s, size_t length)
{
	struct capture_text text = { .number = number, .length = (uint32_t)length };
	size_t size = sizeof(text) + length + PAD(length);
	char *p = put_block(out_line(capture->out), kind, size);

	p = put(put(p, &text, sizeof(text)), s, length);
	memset(p, 0, PAD(length));
	done(capture, p + PAD(length), 0);
}

/* Tells what the file does not have, or has otherwise. An empty text: nothing is known. */
static void tell(struct capture *capture, struct told *told, enum capture_kind kind,
		 uint64_t number, const char *s, size_t length)
{
	size_t have = 0;
	const char *before = told_find(told, number, &have);

	if (have == length && (!length || !memcmp(before, s, length)))
		return;
	/* To forget is to tell again, if the file does not have what is wrong now. */
	if (told->count >= TOLD_MAX && kind == CAPTURE_CGROUP)
		told_free(told);
	if (!told_put(told, number, s, length))
		put_text(capture, kind, number, s, length);
}

static void cgroup_facts(struct capture *capture, const struct socktrace_event *ev)
{
	uint64_t until_ns = UINT64_MAX;
	size_t length;
	const char *s;

	if (!ev->cgroup_id || told_find(&capture->told_cgroups, ev->cgroup_id, &length))
		return;
	s = cgroups_path(capture->cgroups, ev->cgroup_id, capture->time->now_ns, &length,
			 &until_ns);
	if (s)
		tell(capture, &capture->told_cgroups, CAPTURE_CGROUP, ev->cgroup_id, s, length);
}

/* Where the module could not tell it. */
static void exe_facts(struct capture *capture, const struct socktrace_event *ev)
{
	uint32_t pid = procinfo_pid(capture->proc, ev);
	struct capture_asked *asked = &capture->asked[pid % CAPTURE_ASKED];
	uint64_t now_ns = capture->time->now_ns, until_ns;
	size_t length = 0;
	const char *s;

	if (asked->now_ns == now_ns && asked->pid == pid &&
	    !memcmp(asked->comm, ev->comm, sizeof(asked->comm)))
		return;
	asked->now_ns = now_ns;
	asked->pid = pid;
	memcpy(asked->comm, ev->comm, sizeof(asked->comm));
	s = procinfo_exe(capture->proc, pid, ev->comm, now_ns, &length, &until_ns);
	tell(capture, &capture->told_exes, CAPTURE_EXE, pid, s ? s : "", s ? length : 0);
}

void capture_facts(struct capture *capture, const struct socktrace_event *ev)
{
	const struct image *image = images_find(capture->images, ev->image);

	cgroup_facts(capture, ev);
	if (!image || !image->exe_length)
		exe_facts(capture, ev);
}

void capture_records(struct capture *capture, const void *records, size_t size)
{
	struct capture_clock clock = { capture->time->offset_ns, capture->time->now_ns };
	const size_t room = OUT_LINE_MAX - sizeof(struct capture_block) - sizeof(clock);
	const char *from = records;

	while (size) {
		const struct socktrace_event *ev;
		uint64_t count = 0;
		size_t n = 0;
		char *p = out_line(capture->out);

		while ((ev = record_at(from + n, size - n)) && n + ev->size <= room) {
			count += ev->type != SOCKTRACE_PROCESS && ev->type != SOCKTRACE_PATH;
			n += ev->size;
		}
		if (!n)
			return;
		p = put(put_block(p, CAPTURE_RECORDS, sizeof(clock) + n), &clock, sizeof(clock));
		done(capture, put(p, from, n), count);
		from += n;
		size -= n;
	}
}

void capture_end(struct capture *capture, const struct capture_end *end)
{
	char *p = put_block(out_line(capture->out), CAPTURE_END, sizeof(*end));

	done(capture, put(p, end, sizeof(*end)), 0);
}

uint64_t capture_count(const char *buffer, size_t at, size_t *whole)
{
	struct capture_block block;
	uint64_t count = 0;
	size_t i = 0, end, n;

	for (*whole = 0; at - i >= sizeof(block); i = *whole = end) {
		memcpy(&block, buffer + i, sizeof(block));
		end = i + sizeof(block) + block.size;
		if (!memcmp(buffer + i, CAPTURE_MAGIC, sizeof(block)))
			end = i + sizeof(struct capture_header);
		if (end > at)
			break;
		if (block.kind != CAPTURE_RECORDS)
			continue;
		for (n = i + sizeof(block) + sizeof(struct capture_clock); n < end;) {
			const struct socktrace_event *ev =
				(const struct socktrace_event *)(buffer + n);

			count += ev->type != SOCKTRACE_PROCESS && ev->type != SOCKTRACE_PATH;
			n += ev->size;
		}
	}
	return count;
}

void capture_free(struct capture *capture)
{
	told_free(&capture->told_cgroups);
	told_free(&capture->told_exes);
}
