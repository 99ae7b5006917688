// SPDX-License-Identifier: GPL-2.0
/*
 * socktrace-read: the life cycle. Options, a session, perhaps a command; then
 * records from the session to the output until something ends it; then the
 * rest of them, and the truth about what was lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ready.h"
#include "base/signals.h"
#include "record/procinfo.h"
#include "replay.h"
#include "report.h"
#include "rules.h"
#include "selftest/selftest.h"
#include "session/inflight.h"
#include "stream.h"
#include "terminal.h"

#ifndef VERSION
#define VERSION "0"
#endif

enum { EXIT_USAGE = 2 };

#define FDS 3 /* that are always waited for */
#define ASK_MS 500 /* where processes can't be waited for: between two looks */
#define BATCH 256 /* records of one read() */
#define WATERMARK 64 /* records on one CPU that end its wait */

static int setup_device(struct reader *reader)
{
	const struct options *options = &reader->options;
	struct socktrace_config *config = &reader->config;
	uint32_t ring;

	if (device_open(&reader->device, options->device))
		return -1;
	ring = options->records ? options->records : reader->device.info.records_per_cpu;
	*config = (struct socktrace_config){
		.records_per_cpu = options->records,
		.phases = SOCKTRACE_PHASE_EXIT | (options->enter ? SOCKTRACE_PHASE_ENTER : 0),
		.latency_ms = options->latency_ms,
		.events = filter_events(reader->rules, reader->nr_rules),
	};
	if (options->processes || (options->format == FORMAT_JSON && !options->selftest) ||
	    options->capture || options->summary || columns_tell_program(&options->columns) ||
	    options->pool.told >> FILTER_TOLD_EXE & 1)
		config->flags |= SOCKTRACE_CONFIG_PROCESSES;
	if (!options->selftest)
		config->flags |= SOCKTRACE_CONFIG_PATHS;
	/* No latency: each record wakes us, however small the batches get. */
	if (options->latency_ms && ring >= 2)
		config->watermark = ring / 2 < WATERMARK ? ring / 2 : WATERMARK;
	else
		config->watermark = 1;
	if (device_configure(&reader->device, config) ||
	    device_filter(&reader->device, reader->rules, reader->nr_rules))
		return -1;
	reader->batch_size = BATCH * (size_t)reader->device.info.record_size;
	reader->batch = malloc(reader->batch_size);
	if (!reader->batch) {
		snprintf(reader->device.error, sizeof(reader->device.error), "%s",
			 strerror(errno));
		return -1;
	}
	return 0;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

/* Who pipes a command's trace into a program means the trace, not what it prints. */
static bool trace_takes_pipe(const struct options *options)
{
	return options->command && options->format == FORMAT_JSON && !options->file &&
	       (options->output || !options->capture) && is_pipe(STDOUT_FILENO);
}

static int setup_out(struct out *out)
{
	if (out_open(out, -1, &signals_stops))
		return -1;
	out->hurry = &signals_hurry;
	return 0;
}

/* The output of lines. */
static int setup_output(struct reader *reader)
{
	const struct options *options = &reader->options;

	reader->out_file.name = options->file;
	if (setup_out(&reader->out))
		return -1;
	if (options->file && strcmp(options->file, "-"))
		return outfile_open(&reader->out_file, &reader->out, options->file,
				    &options->rotation);
	outfile_stream(&reader->out_file, &reader->out,
		       options->command && !options->file && !trace_takes_pipe(options) ?
			       STDERR_FILENO : STDOUT_FILENO);
	return 0;
}

static int setup_capture(struct reader *reader)
{
	const struct options *options = &reader->options;

	reader->capture_outfile = (struct outfile){ .name = options->capture, .emptied = true };
	if (setup_out(&reader->capture_out))
		return -1;
	reader->capture_out.count = capture_count;
	reader->capture = (struct capture){
		.out = &reader->capture_out,
		.time = &reader->time,
		.proc = &reader->proc,
		.cgroups = &reader->cgroups,
		.images = &reader->images,
		.paths = &reader->paths,
	};
	if (strcmp(options->capture, "-"))
		return outfile_open(&reader->capture_outfile, &reader->capture_out,
				    options->capture, &options->rotation);
	outfile_stream(&reader->capture_outfile, &reader->capture_out, STDOUT_FILENO);
	return 0;
}

/* Of a command both are left to itself: what it gets, and when it ends. */
static void setup_signals(const struct reader *reader)
{
	if (reader->out_file.given || reader->capture_outfile.given)
		signals_hup_reopens();
	if (!reader->options.command)
		signals_hurry_after();
}

/* Ends tracing with the device's message. */
static void device_failed(struct reader *reader)
{
	complain("%s", reader->device.error);
	reader->failed = true;
	reader->tracing = false;
}

/* One read() and one write(); clears `tracing` when there will be no more. */
static bool pump(struct reader *reader)
{
	uint64_t count = reader->options.count;
	size_t size = reader->batch_size;
	bool broken;
	ssize_t n;

	/* Never take more than are wanted: what is not read stays countable. */
	if (count && count - reader->events < BATCH)
		size = (size_t)(count - reader->events) * reader->device.info.record_size;
	n = device_read(&reader->device, reader->batch, size);
	if (n == DEVICE_END)
		reader->tracing = false;
	else if (n < 0)
		device_failed(reader);
	if (n <= 0)
		return false;

	walltime_refresh(&reader->time);
	stream_summarize(reader, false);
	stream_rotate(reader);
	stream_put(reader, reader->batch, (size_t)n, &broken);
	if (broken) {
		snprintf(reader->device.error, sizeof(reader->device.error),
			 "%s: gave a broken record", reader->options.device);
		device_failed(reader);
	}
	if (!stream_flush(reader) && count && reader->events >= count)
		reader->tracing = false;
	return true;
}

/* False when a signal ends it all. */
static bool handle_signals(struct reader *reader)
{
	struct command *command = &reader->command;
	int number;

	signals_clear();
	if (signals_take_stats())
		print_stats(reader, false);
	if (signals_take_reopen())
		stream_reopen(reader);
	if (signals_take_child())
		command_reap(command);
	if (signals_take_resize())
		terminal_resized(reader);
	/* Whom a command left behind gets no signals. */
	if (!command->pid || !command->running)
		return !signals_stops;
	while ((number = signals_take_forward()))
		command_signal(command, number);
	return true;
}

/* Something may still come that is to be told. */
static bool goes_on(const struct reader *reader)
{
	const struct command *command = &reader->command;

	if (command->pid)
		return command->running || (reader->options.wait_all && !command->alone);
	return reader->tracing;
}

/* -p names whom to trace; if it was that alone, all ends with them. */
static bool watches(struct reader *reader)
{
	uint32_t pids[WATCH_MAX];
	unsigned int nr;

	if (reader->command.pid || reader->options.follow)
		return false;
	nr = filter_pids(&reader->options, pids, WATCH_MAX);
	watch_open(&reader->watch, pids, nr);
	return nr;
}

/* poll()'s timeout: until the next summary is due. */
static int summary_wait_ms(struct reader *reader)
{
	uint64_t left_ms;

	if (!reader->options.every)
		return -1;
	walltime_refresh(&reader->time);
	stream_summarize(reader, false);
	left_ms = (reader->summary_due_ns - reader->time.now_ns) / 1000000 + 1;
	return left_ms < INT32_MAX ? (int)left_ms : INT32_MAX;
}

/* Of two timeouts of poll(), of which -1 is none. */
static int sooner(int a, int b)
{
	return a < 0 || b < a ? b : a;
}

/* Waits, as long as there is nothing to do. */
static int wait_for(struct reader *reader, struct pollfd *fds)
{
	const struct watch *watch = &reader->watch;
	int wait_ms = summary_wait_ms(reader);
	unsigned int i;

	if (hanging_wanted(reader))
		wait_ms = sooner(wait_ms, HANGING_MS);
	if (watch->nr && watch->asks)
		wait_ms = sooner(wait_ms, ASK_MS);
	if (reader->cgroup_watch.on)
		wait_ms = sooner(wait_ms, CGROUP_WATCH_MS);
	for (i = 0; i < watch->nr; i++)
		fds[FDS + i] = watch->fds[i];
	if (poll(fds, FDS + watch->nr, wait_ms) < 0) {
		if (errno != EINTR)
			return -1;
		for (i = 0; i < FDS + watch->nr; i++)
			fds[i].revents = 0;
	}
	for (i = 0; i < watch->nr; i++)
		reader->watch.fds[i].revents = fds[FDS + i].revents;
	return 0;
}

/* Until the command ends, or without one until tracing does. */
static void run(struct reader *reader)
{
	struct pollfd fds[FDS + WATCH_MAX] = {
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = reader->device.fd, .events = POLLIN },
		{ .fd = reader->cgroup_watch.fd, .events = POLLIN },
	};
	bool watched = watches(reader);

	/* From whom nobody descends any more nothing comes. */
	if (!reader->command.pid && filter_only_follows(reader->rules, reader->nr_rules))
		fds[1].events |= POLLPRI;

	if (reader->options.every)
		reader->summary_due_ns = walltime_boot_ns() + reader->options.every * 1000000000;
	while (goes_on(reader)) {
		if (!reader->tracing && fds[1].fd >= 0) {
			fds[1].fd = -1;
			device_stop(&reader->device);
		}
		if (wait_for(reader, fds)) {
			complain("cannot wait: %s", strerror(errno));
			reader->failed = true;
			return;
		}
		/* A signal may come between the two system calls: ask the flags. */
		if (!handle_signals(reader))
			return;
		watch_look(&reader->watch);
		if (fds[1].revents & POLLPRI || (watched && !reader->watch.nr))
			return;
		if (fds[1].revents && !pump(reader) && reader->tracing &&
		    (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))) {
			snprintf(reader->device.error, sizeof(reader->device.error),
				 "%s: the session broke off", reader->options.device);
			device_failed(reader);
		}
		if (!reader->tracing)
			continue;
		cgroup_watch_look(reader, fds[2].revents);
		hanging_tell(reader);
	}
}

static void end_capture(struct reader *reader)
{
	struct capture_end end = {
		.unwritten = reader->capture_out.unwritten,
		.records_per_cpu = reader->config.records_per_cpu,
		.maxactive = reader->device.info.maxactive,
	};

	if (device_stats(&reader->device, &end.stats))
		return;
	if (reader->capture_again) /* nothing came */
		capture_begin(&reader->capture, reader->device.info.record_size,
			      reader->text.native_abi);
	capture_end(&reader->capture, &end);
	if (!stream_flush(reader) && !reader->options.quiet)
		complain("%" PRIu64 " events are in %s",
			 reader->events - reader->capture_out.unwritten,
			 reader->capture_outfile.name);
}

static void finish(struct reader *reader)
{
	if (signals_stops && reader->tracing)
		hanging_count(reader);
	if (device_stop(&reader->device))
		device_failed(reader);
	while (reader->tracing) {
		/* Should it not give an end of file, there is no point in waiting. */
		if (!pump(reader))
			break;
	}
	stream_summarize(reader, true);
	if (reader->options.capture)
		end_capture(reader);
	report_loss(reader);
	if (reader->options.stats)
		print_stats(reader, true);
}

static int trace(struct reader *reader)
{
	const struct options *options = &reader->options;

	if (ready_prepare(options->ready_fd)) {
		complain("--ready-fd %d: %s", options->ready_fd, strerror(errno));
		return EXIT_FAILURE;
	}
	if (options->command &&
	    command_fork(&reader->command, options->command,
			 trace_takes_pipe(options) ? STDERR_FILENO : STDOUT_FILENO,
			 options->run_as ? &options->user : NULL)) {
		complain("cannot make a process: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (device_start(&reader->device)) {
		command_cancel(&reader->command);
		complain("%s", reader->device.error);
		return EXIT_FAILURE;
	}
	reader->tracing = true;
	warn_muted(reader);
	warn_unarmed(reader);
	warn_births(reader);
	reader->capture_again = options->capture;
	if (!options->quiet) {
		warn_missing(reader);
		if (reader->prints ? options->format == FORMAT_TEXT &&
					     (isatty(reader->out.fd) ||
					      reader->out.fd == STDERR_FILENO) :
				     isatty(STDERR_FILENO))
			banner(reader);
		terminal_header(reader);
	}
	ready_tell(options->ready_fd);
	if (reader->command.pid)
		command_go(&reader->command);
	cgroup_watch_open(reader);
	run(reader);
	cgroup_watch_close(reader);
	watch_close(&reader->watch);
	finish(reader);
	if (reader->failed)
		return EXIT_FAILURE;
	return reader->command.pid ? command_exit_status(&reader->command) : EXIT_SUCCESS;
}

static void setup_formats(struct reader *reader)
{
	walltime_init(&reader->time);
	if (reader->options.time >= 0)
		reader->time.format = (enum walltime_format)reader->options.time;
	procinfo_init(&reader->proc);
	cgroups_init(&reader->cgroups, NULL);
	json_init(&reader->json, &reader->time, &reader->proc, &reader->images, &reader->cgroups);
	text_init(&reader->text, &reader->time, terminal_wants_color(reader));
	reader->json.fields = reader->options.fields;
	reader->json.paths = reader->text.paths = &reader->paths;
	sieve_facts(&reader->sieve, &reader->time, &reader->proc, &reader->images,
		    &reader->cgroups, &reader->paths);
	terminal_setup(reader);
}

/* 0, or the exit status. */
static int setup_rules(struct reader *reader)
{
	const struct options *options = &reader->options;
	struct filter_error error;
	char which[512];
	int n;

	n = filter_build(&reader->options, options->command ? (uint32_t)getpid() : 0,
			 reader->rules, &error);
	if (n > 0) {
		reader->nr_rules = (unsigned int)n;
		n = filter_sieve(options, &reader->sieve, &error);
		if (!n)
			return 0;
	}
	if (n)
		complain("these conditions can't be rules of the kernel: %s", error.text);
	else if (filter_why_none(&reader->options, which, sizeof(which)))
		complain("no call can meet %s", which);
	else
		complain("no call can meet all these conditions");
	return EXIT_USAGE;
}

static int setup(struct reader *reader)
{
	if (signals_init()) {
		complain("cannot catch signals: %s", strerror(errno));
		return -1;
	}
	if (reader->options.replay) {
		if (replay_open(reader))
			return -1;
	} else if (setup_device(reader)) {
		complain("%s", reader->device.error);
		return -1;
	}
	reader->prints = !reader->options.capture || reader->options.output ||
			 reader->options.summary;
	if (reader->prints && setup_output(reader)) {
		complain("cannot open %s: %s", reader->out_file.name, strerror(errno));
		return -1;
	}
	if (reader->options.capture && setup_capture(reader)) {
		complain("cannot open %s: %s", reader->capture_outfile.name, strerror(errno));
		return -1;
	}
	if (reader->options.summary && summary_init(&reader->summary)) {
		complain("no memory for a summary");
		return -1;
	}
	setup_formats(reader);
	setup_signals(reader);
	reader->summary_due_ns = UINT64_MAX;
	return 0;
}

static int explain(const struct reader *reader)
{
	if (!filter_explain(reader->rules, reader->nr_rules, &reader->sieve, stdout))
		return EXIT_SUCCESS;
	complain("cannot write standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

static int print_inflight(struct reader *reader)
{
	struct device *device = &reader->device;

	if (device_open(device, reader->options.device)) {
		complain("%s", device->error);
		return EXIT_FAILURE;
	}
	if (!device->info.started) {
		complain("no session is tracing, so no call is followed: start one, and ask again");
		return EXIT_FAILURE;
	}
	if (setup_output(reader)) {
		complain("cannot open %s: %s", reader->out_file.name, strerror(errno));
		return EXIT_FAILURE;
	}
	setup_formats(reader);
	if (!inflight_print(device, &reader->out,
			    reader->options.format == FORMAT_JSON ? &reader->json : NULL,
			    &reader->text))
		return EXIT_SUCCESS;
	if (!reader->out.error)
		complain("%s", device->error);
	else if (reader->out.error != EPIPE)
		complain("cannot write %s: %s", reader->out_file.name, strerror(reader->out.error));
	return reader->out.error == EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int selftest(struct reader *reader)
{
	struct selftest_report report = { .out = &reader->out };
	bool written;
	int ret;

	if (procinfo_pidns()) {
		complain("the selftest can be run from the initial pid namespace only; "
			 "in a container: docker/podman run --pid=host");
		return EXIT_FAILURE;
	}
	reader->nr_rules = 1;
	reader->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_ANCESTOR,
		.action = SOCKTRACE_ACCEPT,
		.events = SOCKTRACE_EVENTS_ALL,
		.ancestor = (uint32_t)getpid(),
	};
	if (setup(reader))
		return EXIT_FAILURE;
	if (device_start(&reader->device)) {
		complain("%s", reader->device.error);
		return EXIT_FAILURE;
	}
	warn_muted(reader);
	warn_unarmed(reader);
	report.json = reader->options.format == FORMAT_JSON;
	report.color = terminal_wants_color(reader);
	ret = selftest_run(&reader->device, reader->batch, reader->batch_size, &report);
	written = !stream_flush(reader);
	if (written && ret < 0 && signals_stops)
		complain("the selftest was ended by a signal");
	else if (written && ret < 0)
		device_failed(reader);
	else if (written)
		report_loss(reader);
	return ret || reader->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What the options ask for; the exit status. */
static int act(struct reader *reader)
{
	int status;

	if (reader->options.inflight)
		return print_inflight(reader);
	if (reader->options.selftest)
		return selftest(reader);
	status = setup_rules(reader);
	if (status)
		return status;
	if (reader->options.explain)
		return explain(reader);
	if (reader->options.replay && filter_follows(reader->rules, reader->nr_rules)) {
		complain("a capture does not tell who descends from whom: it can't be asked "
			 "for descendants");
		return EXIT_USAGE;
	}
	if (setup(reader))
		return EXIT_FAILURE;
	return reader->options.replay ? replay_run(reader) : trace(reader);
}

static int close_output(struct outfile *file)
{
	if (!outfile_close(file))
		return 0;
	complain("cannot write %s: %s", file->name, strerror(errno));
	return -1;
}

int main(int argc, char **argv)
{
	static struct reader reader; /* large: as zeroes it takes no room in the file */
	char message[OPTIONS_MESSAGE_MAX];
	int status = EXIT_SUCCESS;

	reader.device.fd = reader.out.fd = reader.capture_out.fd = reader.file.fd = -1;
	switch (options_parse(&reader.options, argc, argv, message, sizeof(message))) {
	case OPTIONS_RUN:
		status = act(&reader);
		break;
	case OPTIONS_HELP:
		options_help(stdout);
		status = fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		break;
	case OPTIONS_COLUMNS:
		columns_help(stdout);
		status = fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		break;
	case OPTIONS_VERSION:
		printf("socktrace-read %s (interface %d)\n", VERSION, SOCKTRACE_ABI_VERSION);
		status = fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		break;
	case OPTIONS_WRONG:
		complain("%s", message);
		status = EXIT_USAGE;
		break;
	}
	if ((close_output(&reader.out_file) | close_output(&reader.capture_outfile)) &&
	    status == EXIT_SUCCESS)
		status = EXIT_FAILURE;
	out_close(&reader.out);
	out_close(&reader.capture_out);
	capture_free(&reader.capture);
	replay_close(&reader);
	cgroups_close(&reader.cgroups);
	images_free(&reader.images);
	paths_free(&reader.paths);
	summary_free(&reader.summary);
	device_close(&reader.device);
	options_free(&reader.options);
	free(reader.batch);
	return status;
}
