// SPDX-License-Identifier: GPL-2.0
#include "hanging.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/decode.h"
#include "record/record.h"
#include "report.h"
#include "session/inflight.h"
#include "stream.h"

#define GENERATIONS 64 /* of parents that are asked for */

/* Conditions about what is not known of a call before it returns. */
#define OF_THE_END                                                                     \
	(SOCKTRACE_MATCH_PHASES | SOCKTRACE_MATCH_OK | SOCKTRACE_MATCH_FAILED |         \
	 SOCKTRACE_MATCH_ERROR | SOCKTRACE_MATCH_DURATION | SOCKTRACE_MATCH_PATH |      \
	 SOCKTRACE_MATCH_REMOTE_NET | SOCKTRACE_MATCH_REMOTE_PORT |                     \
	 SOCKTRACE_MATCH_LOCAL_NET | SOCKTRACE_MATCH_LOCAL_PORT)
#define OF_THE_SOCKET                                                                  \
	(SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES | SOCKTRACE_MATCH_PROTOCOL)

/* --- what /proc has of the caller --------------------------------------------------------- */

/* A number of the line of /proc/PID/status that begins so, the `n`th; 0 if there is none. */
static uint32_t of_status(uint32_t pid, const char *name, unsigned int n)
{
	char path[64], line[512];
	unsigned long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		char *p = line + strlen(name);

		if (strncmp(line, name, strlen(name)))
			continue;
		for (n++; n; n--)
			value = strtoul(p, &p, 10);
		break;
	}
	if (file)
		fclose(file);
	return (uint32_t)value;
}

static uint32_t namespace_of(uint32_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/ns/%s", pid, name);
	return stat(path, &st) ? 0 : (uint32_t)st.st_ino;
}

static uint32_t loginuid_of(uint32_t pid)
{
	char path[64], line[32] = "";
	uint32_t uid = UINT32_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/loginuid", pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		uid = (uint32_t)strtoul(line, NULL, 10);
	if (file)
		fclose(file);
	return uid;
}

static uint64_t cgroup_of(uint32_t pid)
{
	char path[64], line[PATH_MAX], full[2 * PATH_MAX] = "";
	uint64_t id = 0;
	size_t used;
	FILE *file;

	if (!cgroups_mount(full, PATH_MAX))
		return 0;
	used = strlen(full);
	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(full + used, sizeof(full) - used, "%s", line + 3);
		if (cgroups_id(full, &id))
			id = 0;
		break;
	}
	if (file)
		fclose(file);
	return id;
}

static bool descends(uint32_t pid, uint32_t ancestor)
{
	unsigned int i;

	for (i = 0; i < GENERATIONS && pid; i++) {
		if (pid == ancestor)
			return true;
		pid = of_status(pid, "PPid:", 0);
	}
	return false;
}

/* Its record, as far as it is known. */
static void fill(struct socktrace_event *ev, const struct socktrace_inflight_call *call)
{
	record_of_inflight(ev, call);
	ev->uid = of_status(call->tid, "Uid:", 0);
	ev->euid = of_status(call->tid, "Uid:", 1);
	ev->gid = of_status(call->tid, "Gid:", 0);
	ev->ppid = of_status(call->tgid, "PPid:", 0);
	ev->loginuid = loginuid_of(call->tid);
	ev->sessionid = UINT32_MAX;
	ev->netns = namespace_of(call->tid, "net");
	ev->mntns = namespace_of(call->tid, "mnt");
	ev->pidns = namespace_of(call->tid, "pid");
	ev->cgroup_id = cgroup_of(call->tgid);
}

/* --- judging -------------------------------------------------------------------------------- */

/* The rules, for a call of which so much is known. How many there are. */
static unsigned int adapt(const struct reader *reader, const struct socktrace_event *ev,
			  struct socktrace_rule *rules)
{
	uint32_t unknown = OF_THE_END | (record_creates(ev) ? 0 : OF_THE_SOCKET);
	unsigned int i, nr = 0;

	for (i = 0; i < reader->nr_rules; i++) {
		struct socktrace_rule *rule = &rules[nr];

		*rule = reader->rules[i];
		if (rule->match & SOCKTRACE_MATCH_ANCESTOR && !descends(ev->tgid, rule->ancestor))
			continue;
		rule->match &= ~(uint32_t)SOCKTRACE_MATCH_ANCESTOR;
		/* What may reject it may leave it to others, too. */
		if (rule->match & unknown && rule->action == SOCKTRACE_REJECT)
			continue;
		rule->match &= ~unknown;
		nr++;
	}
	return nr;
}

/* May the session's conditions hold of what will be told of this call? */
static bool is_ours(struct reader *reader, const struct socktrace_event *ev)
{
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
	struct judge judge = reader->sieve.judge;

	judge.rules = rules;
	judge.nr_rules = adapt(reader, ev, rules);
	return judge_accepts(&judge, ev) && sieve_may_pass(&reader->sieve, ev);
}

static bool is_judged(const struct hanging *hanging, uint64_t call_id)
{
	unsigned int i;

	for (i = 0; i < hanging->nr; i++) {
		if (hanging->judged[i] == call_id)
			return true;
	}
	return false;
}

/* Those that are in flight no more need not be remembered. */
static void forget(struct hanging *hanging, const struct socktrace_inflight_call *calls,
		   uint32_t nr)
{
	unsigned int i, kept = 0;
	uint32_t k;

	for (i = 0; i < hanging->nr; i++) {
		for (k = 0; k < nr && calls[k].call_id != hanging->judged[i]; k++)
			;
		if (k < nr)
			hanging->judged[kept++] = hanging->judged[i];
	}
	hanging->nr = kept;
}

/* --- telling --------------------------------------------------------------------------------- */

bool hanging_wanted(const struct reader *reader)
{
	/* In a pid namespace of our own, /proc does not have those numbers. */
	return reader->text.terminal && reader->prints && !reader->options.quiet &&
	       !reader->options.summary && reader->options.format == FORMAT_TEXT && !reader->proc.pidns;
}

static void tell(struct reader *reader, const struct socktrace_inflight *inflight,
		 const struct socktrace_inflight_call *call)
{
	struct hanging *hanging = &reader->hanging;
	struct socktrace_event ev;

	if (hanging->nr == HANGING_MAX || inflight->now_ns < call->time_ns + HANGING_AFTER_NS ||
	    is_judged(hanging, call->call_id))
		return;
	hanging->judged[hanging->nr++] = call->call_id;
	fill(&ev, call);
	if (is_ours(reader, &ev))
		out_done(&reader->out, text_hanging(&reader->text, out_line(&reader->out), &ev,
						    inflight->now_ns));
}

void hanging_tell(struct reader *reader)
{
	uint64_t now_ns = walltime_boot_ns();
	struct socktrace_inflight inflight;
	struct socktrace_inflight_call *calls;
	uint32_t i;

	if (!hanging_wanted(reader) ||
	    now_ns - reader->hanging.asked_ns < HANGING_MS * 1000000ULL)
		return;
	reader->hanging.asked_ns = now_ns;
	calls = inflight_ask(&reader->device, &inflight);
	if (!calls)
		return;
	walltime_refresh(&reader->time);
	forget(&reader->hanging, calls, inflight.nr_calls);
	for (i = 0; i < inflight.nr_calls; i++)
		tell(reader, &inflight, &calls[i]);
	free(calls);
	stream_flush(reader);
}

void hanging_count(struct reader *reader)
{
	unsigned int counts[SOCKTRACE_LOST] = { 0 }, all = 0, type;
	struct socktrace_inflight inflight;
	struct socktrace_inflight_call *calls;
	char names[256] = "";
	size_t used = 0;
	uint32_t i;

	if (reader->options.quiet || reader->proc.pidns)
		return;
	calls = inflight_ask(&reader->device, &inflight);
	for (i = 0; calls && i < inflight.nr_calls; i++) {
		struct socktrace_event ev;

		fill(&ev, &calls[i]);
		if (ev.type >= SOCKTRACE_LOST || !decode_event(ev.type) || !is_ours(reader, &ev))
			continue;
		counts[ev.type]++;
		all++;
	}
	free(calls);
	for (type = 0; type < SOCKTRACE_LOST && used < sizeof(names); type++) {
		if (counts[type])
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s %u",
						 used ? ", " : "", decode_event(type)->s,
						 counts[type]);
	}
	if (all)
		complain("%u call%s still in flight: %s", all, all == 1 ? " is" : "s are", names);
}
