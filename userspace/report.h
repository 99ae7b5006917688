/* SPDX-License-Identifier: GPL-2.0 */
/* What the reader says on standard error, and what it knows to say it. */
#ifndef SOCKTRACE_REPORT_H
#define SOCKTRACE_REPORT_H

#include "base/out.h"
#include "capture/read.h"
#include "capture/write.h"
#include "command.h"
#include "filter/judge.h"
#include "filter/sieve.h"
#include "format/json.h"
#include "format/text.h"
#include "options.h"
#include "output/outfile.h"
#include "record/cgroups.h"
#include "record/images.h"
#include "record/paths.h"
#include "record/procinfo.h"
#include "record/walltime.h"
#include "session/device.h"
#include "hanging.h"
#include "cgroup_watch.h"
#include "watch.h"
#include "summary/summary.h"

struct reader {
	struct options options;
	struct device device;
	struct command command;
	struct hanging hanging;
	struct cgroup_watch cgroup_watch;
	struct watch watch; /* -p's, where they are not followed */
	struct out out;
	struct outfile out_file;
	bool prints; /* lines, or a summary: not so, if there is a capture and no -o, no -c */
	struct summary summary;
	uint64_t summary_due_ns; /* the next one, CLOCK_BOOTTIME; UINT64_MAX: at the end */
	bool summary_drawn; /* one was */
	struct out capture_out;
	struct outfile capture_outfile;
	bool capture_again; /* what was not written is missing: tell all anew */
	struct capture capture; /* that is written */
	struct capture_file file; /* that is replayed */
	bool ended; /* as far as it was read: by its END */
	struct told told_cgroups, told_exes; /* by it */
	struct told asked_cgroups; /* those that rules name */
	struct judge judge;
	struct sieve sieve;
	struct walltime time;
	struct procinfo proc;
	struct cgroups cgroups;
	struct images images;
	struct paths paths;
	struct json json;
	struct text text;
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
	unsigned int nr_rules;
	struct socktrace_config config;
	uint64_t *batch; /* aligned as records are */
	size_t batch_size;
	uint64_t events; /* given to the output, those of LOST, PROCESS and PATH apart */
	bool tracing;
	bool failed;
};

/* One line, with the program's name; in one write. */
__attribute__((format(printf, 1, 2)))
void complain(const char *format, ...);

/* Events that were asked for and that this kernel can't give. */
void warn_missing(const struct reader *reader);

/* Of these events, probes that could not be registered at the start. */
void warn_unarmed(const struct reader *reader);

/* Descendants were asked for, and can't all be known. */
void warn_births(const struct reader *reader);

/* Probes that never fire: they look like a machine where nothing happens. */
void warn_muted(struct reader *reader);

void banner(const struct reader *reader);

/* `at_rest`: no record is being made, so that the numbers must add up. */
void print_stats(struct reader *reader, bool at_rest);

/* Whatever was lost is reported, wanted or not. */
void report_loss(struct reader *reader);

/* The same two, of statistics that are at hand. */
void tell_stats(const struct socktrace_stats *s, bool at_rest);
void tell_loss(const struct reader *reader, const struct socktrace_stats *s);

#endif
