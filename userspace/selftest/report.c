// SPDX-License-Identifier: GPL-2.0
#include "selftest/report.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/escape.h"
#include "base/fmt.h"
#include "session/device.h"

#define ALARM "\033[1;31m"
#define PLAIN "\033[0m"

/* What nearly all rows compare is reported once for all of them, below the table. */
#define EVERYWHERE (FIELD_BIT(FIELD_ADDR_SOURCE + 1) - 1)

static const struct {
	const char *text, *json;
	bool good;
} results[SELFTEST_RESULTS] = {
	[SELFTEST_SEEN] = { "seen", "seen", true },
	[SELFTEST_NOT_SEEN] = { "NOT SEEN", "not_seen", false },
	[SELFTEST_WRONG] = { "WRONG", "wrong", false },
	[SELFTEST_ABSENT] = { "not in this kernel", "absent", true },
	[SELFTEST_UNTRIED] = { "NOT TRIED", "untried", false },
};
#define RESULT_WIDTH 18 /* of the longest */

/* Those that are armed for the row's calls, between commas; each in `quote`s. */
static char *symbols(char *p, const struct device *device, const struct selftest_row *row,
		     const char *quote)
{
	char symbol[SOCKTRACE_SYMBOL_LEN + 1];
	const char *comma = "";
	uint32_t i;

	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if (!device_probe_armed(probe) || probe->flags & SOCKTRACE_PROBE_FACTS ||
		    probe->type >= 32 ||
		    !(row->events & SOCKTRACE_EVENT_BIT(probe->type)) ||
		    probe->via != row->via)
			continue;
		snprintf(symbol, sizeof(symbol), "%.*s", SOCKTRACE_SYMBOL_LEN, probe->symbol);
		p = fmt_str(fmt_str(p, comma), quote);
		p = escape_text(p, symbol, strlen(symbol), 1);
		p = fmt_str(p, quote);
		comma = ",";
	}
	return p;
}

#define SYMBOLS_MAX (DEVICE_PROBES_MAX * (SOCKTRACE_SYMBOL_LEN * ESCAPE_MAX + 3) + 1)

static unsigned int path_width(void)
{
	size_t width = 0, i;

	for (i = 0; i < selftest_nr_rows; i++) {
		if (strlen(selftest_rows[i].name) > width)
			width = strlen(selftest_rows[i].name);
	}
	return (unsigned int)width;
}

static unsigned int symbols_width(const struct device *device)
{
	unsigned int width = sizeof("SYMBOL") - 1, i;
	char buffer[SYMBOLS_MAX];

	for (i = 0; i < selftest_nr_rows; i++) {
		unsigned int length =
			(unsigned int)(symbols(buffer, device, &selftest_rows[i], "") - buffer);

		if (length > width)
			width = length;
	}
	return width;
}

static char *column(char *p, const char *s, unsigned int width)
{
	return p + sprintf(p, "%-*s ", (int)width, s);
}

static char *field_names(char *p, uint64_t fields, const char *quote, const char *separator)
{
	const char *before = "";
	unsigned int i;

	for (i = 0; i < SELFTEST_FIELDS; i++) {
		if (!(fields & FIELD_BIT(i)))
			continue;
		p = fmt_str(fmt_str(p, before), quote);
		p = fmt_str(fmt_str(p, selftest_field_name(i)), quote);
		before = separator;
	}
	return p;
}

static char *text_row(const struct selftest_report *report, char *p,
		      const struct selftest_row *row, const struct selftest_verdict *verdict)
{
	bool alarm = report->color && !results[verdict->result].good;
	const struct selftest_difference *difference = &verdict->difference;
	uint64_t lacking = EVERYWHERE & ~verdict->fields;
	char buffer[SYMBOLS_MAX];

	*symbols(buffer, report->device, row, "") = '\0';
	p = column(p, row->name, path_width());
	p = column(p, *buffer ? buffer : "-", report->symbols_width);
	p = fmt_str(p, alarm ? ALARM : "");
	p = column(p, results[verdict->result].text, RESULT_WIDTH);
	p = fmt_str(p, alarm ? PLAIN : "");
	switch (verdict->result) {
	case SELFTEST_SEEN:
		p = field_names(p, verdict->fields & ~EVERYWHERE, "", " ");
		if (!lacking)
			return p;
		if (verdict->fields & ~EVERYWHERE)
			*p++ = ' ';
		return fmt_lit(field_names(fmt_lit(p, "(not "), lacking, "", " "), ")");
	case SELFTEST_WRONG:
		p = fmt_str(fmt_str(p, difference->field), ": got ");
		p = fmt_str(fmt_str(p, difference->got), ", expected ");
		return fmt_str(p, difference->expected);
	case SELFTEST_ABSENT:
	case SELFTEST_UNTRIED:
		return escape_text(p, verdict->reason, strlen(verdict->reason), 0);
	default:
		return p;
	}
}

static char *json_string(char *p, const char *key, const char *s)
{
	p = fmt_str(fmt_str(fmt_lit(p, ",\""), key), "\":\"");
	return fmt_lit(escape_json(p, s, strlen(s)), "\"");
}

static char *json_row(const struct selftest_report *report, char *p,
		      const struct selftest_row *row, const struct selftest_verdict *verdict)
{
	p = json_string(fmt_lit(p, "{\"event\":\"selftest\""), "path", row->name);
	p = symbols(fmt_lit(p, ",\"symbols\":["), report->device, row, "\"");
	p = json_string(fmt_lit(p, "]"), "result", results[verdict->result].json);
	switch (verdict->result) {
	case SELFTEST_SEEN:
		p = field_names(fmt_lit(p, ",\"fields\":["), verdict->fields, "\"", ",");
		p = fmt_lit(p, "]");
		break;
	case SELFTEST_WRONG:
		p = json_string(p, "field", verdict->difference.field);
		p = json_string(p, "got", verdict->difference.got);
		p = json_string(p, "expected", verdict->difference.expected);
		break;
	case SELFTEST_ABSENT:
	case SELFTEST_UNTRIED:
		p = json_string(p, "reason", verdict->reason);
		break;
	default:
		break;
	}
	return fmt_lit(p, "}");
}

static void line(struct selftest_report *report, char *p)
{
	/* Columns are filled up, the last one need not be. */
	while (p[-1] == ' ')
		p--;
	*p++ = '\n';
	out_done(report->out, p);
}

void selftest_report_begin(struct selftest_report *report)
{
	char *p;

	report->symbols_width = symbols_width(report->device);
	if (report->json)
		return;
	p = column(out_line(report->out), "PATH", path_width());
	p = column(p, "SYMBOL", report->symbols_width);
	p = column(p, "RESULT", RESULT_WIDTH);
	line(report, fmt_lit(p, "COMPARED"));
}

void selftest_report_row(struct selftest_report *report, const struct selftest_row *row,
			 const struct selftest_verdict *verdict)
{
	char *p = out_line(report->out);

	report->counts[verdict->result]++;
	if (verdict->result == SELFTEST_SEEN)
		report->fields |= verdict->fields;
	line(report, report->json ? json_row(report, p, row, verdict) :
				    text_row(report, p, row, verdict));
}

static void text_end(struct selftest_report *report, const struct utsname *uts, bool good)
{
	const struct socktrace_info *info = &report->device->info;
	const unsigned int *counts = report->counts;
	const char *comma = "";
	unsigned int i;
	char *p;

	if (counts[SELFTEST_SEEN]) {
		p = fmt_lit(out_line(report->out), "Compared in each row, too: ");
		line(report, field_names(p, report->fields & EVERYWHERE, "", " "));
	}
	p = out_line(report->out);
	p += sprintf(p, "Linux %s, socktrace %.*s: ", uts->release,
		     (int)sizeof(info->module_version), info->module_version);
	for (i = 0; i < SELFTEST_RESULTS; i++) {
		if (!counts[i])
			continue;
		p += sprintf(p, "%s%u %s", comma, counts[i], results[i].text);
		comma = ", ";
	}
	line(report, fmt_str(p, good ? ". Every path that this kernel has is seen." :
				       ". NOT every path that this kernel has is seen."));
}

static void json_end(struct selftest_report *report, const struct utsname *uts, bool good)
{
	char *p = fmt_lit(out_line(report->out), "{\"event\":\"selftest_summary\""), *key;
	const struct socktrace_info *info = &report->device->info;
	char version[sizeof(info->module_version) + 1];
	unsigned int i;

	snprintf(version, sizeof(version), "%.*s", (int)sizeof(info->module_version),
		 info->module_version);
	p = json_string(json_string(p, "kernel", uts->release), "module", version);
	for (i = 0; i < SELFTEST_RESULTS; i++) {
		key = fmt_str(fmt_lit(p, ",\""), results[i].json);
		p = fmt_u32(fmt_lit(key, "\":"), report->counts[i]);
	}
	line(report, fmt_lit(fmt_str(fmt_lit(p, ",\"ok\":"), good ? "true" : "false"), "}"));
}

bool selftest_report_end(struct selftest_report *report)
{
	struct utsname uts = { 0 };
	bool good = report->counts[SELFTEST_SEEN];
	unsigned int i;

	for (i = 0; i < SELFTEST_RESULTS; i++)
		good = good && (results[i].good || !report->counts[i]);
	uname(&uts);
	if (report->json)
		json_end(report, &uts, good);
	else
		text_end(report, &uts, good);
	return good;
}
