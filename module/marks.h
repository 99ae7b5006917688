/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ftrace keeps of functions that kprobes were taken from.
 *
 * Where a kprobe was disarmed while kernel.ftrace_enabled was 0, ftrace's record of that
 * function keeps its marks until one is armed and disarmed there again, with that switch on.
 * When ftrace's last user goes and finds marks, it switches itself off for good, kprobes
 * can't be disarmed any more, and the kernel oopses when it looks for one in their table.
 * Linux 5.10 to 6.12 do so, whosever kprobe it was; where somebody else's is the last one,
 * nothing here can help.
 */
#ifndef SOCKTRACE_MARKS_H
#define SOCKTRACE_MARKS_H

#include <linux/kprobes.h>
#include <linux/types.h>

/* 0, or an error: arms @kp at @symbol, which does nothing there; to be unregistered. */
int st_marks_arm(struct kprobe *kp, const char *symbol);

/* Likewise a probe of our own, which shows whether kprobes are heard now; NULL: it can't be. */
struct kprobe *st_marks_listen(bool *hears);

#endif /* SOCKTRACE_MARKS_H */
