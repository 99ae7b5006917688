/* SPDX-License-Identifier: GPL-2.0 */
/* The selftest's table, row by row; docs/json.md is the JSON's reference. */
#ifndef SOCKTRACE_SELFTEST_REPORT_H
#define SOCKTRACE_SELFTEST_REPORT_H

#include "base/out.h"
#include "selftest/check.h"
#include "session/device.h"

/* What came of a row. */
struct selftest_verdict {
	enum selftest_result result;
	uint64_t fields; /* SEEN: FIELD_BIT()s of what was compared */
	const char *reason; /* ABSENT, UNTRIED */
	struct selftest_difference difference; /* WRONG */
};

struct selftest_report {
	struct out *out;
	const struct device *device; /* for the probes' symbols */
	bool json;
	bool color;
	unsigned int symbols_width;
	unsigned int counts[SELFTEST_RESULTS];
	uint64_t fields; /* FIELD_BIT()s that any row has compared */
};

void selftest_report_begin(struct selftest_report *report);
void selftest_report_row(struct selftest_report *report, const struct selftest_row *row,
			 const struct selftest_verdict *verdict);
/* True: every path that this kernel has was seen. */
bool selftest_report_end(struct selftest_report *report);

#endif
