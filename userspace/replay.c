// SPDX-License-Identifier: GPL-2.0
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "record/record.h"
#include "stream.h"

int replay_open(struct reader *reader)
{
	if (!capture_open(&reader->file, reader->options.replay, &signals_stops))
		return 0;
	complain("%s", reader->file.error);
	return -1;
}

void replay_close(struct reader *reader)
{
	capture_close(&reader->file);
	told_free(&reader->told_cgroups);
	told_free(&reader->told_exes);
	told_free(&reader->asked_cgroups);
}

/* --- the filter --------------------------------------------------------------------------- */

static const char *cgroup_path(const void *context, uint64_t id, size_t *length)
{
	const struct reader *reader = context;
	const char *path = told_find(&reader->told_cgroups, id, length);

	return path ? path : told_find(&reader->asked_cgroups, id, length);
}

/* The cgroups that the rules name may have had no call of their own: they are asked of now. */
static void ask_cgroups(struct reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->nr_rules; i++) {
		uint64_t id = reader->rules[i].cgroup, until_ns = UINT64_MAX;
		size_t length;
		const char *path;

		if (!(reader->rules[i].match & SOCKTRACE_MATCH_CGROUP_TREE))
			continue;
		path = cgroups_path(&reader->cgroups, id, reader->time.now_ns, &length, &until_ns);
		if (path)
			told_put(&reader->asked_cgroups, id, path, length);
	}
}

static void setup_judge(struct reader *reader)
{
	reader->judge = (struct judge){
		.rules = reader->rules,
		.nr_rules = reader->nr_rules,
		.proc = &reader->proc,
		.paths = &reader->paths,
		.cgroup_path = cgroup_path,
		.context = reader,
	};
}

/* --- blocks --------------------------------------------------------------------------------- */

/* Nothing holds that was told before it. */
static void take_header(struct reader *reader)
{
	images_free(&reader->images);
	paths_free(&reader->paths);
	told_free(&reader->told_cgroups);
	told_free(&reader->told_exes);
	memset(reader->json.identities, 0, sizeof(reader->json.identities));
	memset(reader->text.columns.known, 0, sizeof(reader->text.columns.known));
	reader->proc.pidns = reader->file.header.pidns;
	reader->text.native_abi = reader->file.header.native_abi;
	reader->ended = false;
}

static int take_records(struct reader *reader, size_t size)
{
	const char *payload = reader->file.block;
	struct capture_clock clock;
	bool broken;

	if (size < sizeof(clock))
		return reader->file.torn ? 0 : capture_broken(&reader->file, "holds no records");
	memcpy(&clock, payload, sizeof(clock));
	reader->time.offset_ns = clock.offset_ns;
	reader->time.now_ns = clock.now_ns;
	if (reader->options.every && reader->summary_due_ns == UINT64_MAX)
		reader->summary_due_ns = clock.now_ns + reader->options.every * 1000000000;
	stream_summarize(reader, false);
	stream_rotate(reader);
	stream_put(reader, payload + sizeof(clock), size - sizeof(clock), &broken);
	if (stream_flush(reader))
		return 0;
	if (broken && !reader->file.torn)
		return capture_broken(&reader->file, "holds a broken record");
	if (reader->options.count && reader->events >= reader->options.count)
		reader->tracing = false;
	return 0;
}

static int take_known(struct reader *reader, size_t size)
{
	const char *at = reader->file.block;
	const struct socktrace_event *ev;

	for (; (ev = record_at(at, size)); at += ev->size, size -= ev->size) {
		if (ev->type == SOCKTRACE_PROCESS)
			images_take(&reader->images, ev);
		else if (ev->type == SOCKTRACE_PATH)
			paths_take(&reader->paths, ev);
	}
	if (size && !reader->file.torn)
		return capture_broken(&reader->file, "holds a broken record");
	return 0;
}

static int take_text(struct reader *reader, struct told *told, size_t size)
{
	struct capture_text text = { 0 };

	if (size >= sizeof(text))
		memcpy(&text, reader->file.block, sizeof(text));
	if (size < sizeof(text) || text.length > size - sizeof(text))
		return reader->file.torn ? 0 : capture_broken(&reader->file, "holds a broken text");
	/* Without memory the fact is not told. */
	told_put(told, text.number, reader->file.block + sizeof(text), text.length);
	return 0;
}

static int take_end(struct reader *reader, size_t size)
{
	struct capture_end end;

	if (size < sizeof(end))
		return reader->file.torn ? 0 : capture_broken(&reader->file, "holds a broken end");
	memcpy(&end, reader->file.block, sizeof(end));
	reader->config.records_per_cpu = end.records_per_cpu;
	reader->device.info.maxactive = end.maxactive;
	tell_loss(reader, &end.stats);
	if (end.unwritten)
		complain("%llu records were read and could not be written to it",
			 (unsigned long long)end.unwritten);
	if (reader->options.stats)
		tell_stats(&end.stats, true);
	reader->ended = true;
	return 0;
}

static int take(struct reader *reader, uint32_t kind, size_t size)
{
	switch (kind) {
	case CAPTURE_HEADER:
		take_header(reader);
		return 0;
	case CAPTURE_RECORDS:
		return take_records(reader, size);
	case CAPTURE_KNOWN:
		return take_known(reader, size);
	case CAPTURE_CGROUP:
		return take_text(reader, &reader->told_cgroups, size);
	case CAPTURE_EXE:
		return take_text(reader, &reader->told_exes, size);
	case CAPTURE_END:
		return take_end(reader, size);
	default:
		return 0;
	}
}

/* What it lacks at its end. */
static void tell_end(struct reader *reader)
{
	const char *name = reader->file.name;

	if (reader->file.torn) {
		complain("%s: is torn: it ends within a block, of which what is whole is told",
			 name);
		reader->failed = true;
	} else if (!reader->ended) {
		complain("%s: has no end: who writes it was killed, or is at it still", name);
	}
}

int replay_run(struct reader *reader)
{
	uint32_t kind;
	size_t size;
	int ret = 0;

	ask_cgroups(reader);
	setup_judge(reader);
	reader->proc.told = &reader->told_exes;
	reader->cgroups.told = &reader->told_cgroups;
	take_header(reader);
	reader->tracing = true;
	while (reader->tracing && !signals_stops) {
		ret = capture_next(&reader->file, &kind, &size);
		if (ret <= 0)
			break;
		if (take(reader, kind, size))
			ret = -1;
		if (ret < 0)
			break;
	}
	stream_summarize(reader, true);
	if (ret < 0) {
		complain("%s", reader->file.error);
		reader->failed = true;
	} else if (!ret && !signals_stops) {
		tell_end(reader);
	}
	return reader->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
