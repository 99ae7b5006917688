// SPDX-License-Identifier: GPL-2.0-only
#include <linux/compiler.h>
#include <linux/string.h>

#include "arch.h"
#include "compat/compat.h"
#include "marks.h"

static struct kprobe listener;
static bool heard;

static int probe_hears(struct kprobe *kp, struct pt_regs *regs)
{
	WRITE_ONCE(heard, true);
	return st_arch_step(kp, regs);
}

/* To be called with a probe on it. Not static: its name is looked for. */
noinline void st_marks_are_heard(void);
noinline void st_marks_are_heard(void)
{
	barrier();
}

int st_marks_arm(struct kprobe *kp, const char *symbol)
{
	memset(kp, 0, sizeof(*kp));
	kp->symbol_name = symbol;
	kp->pre_handler = probe_hears;
	return register_kprobe(kp);
}

struct kprobe *st_marks_listen(bool *hears)
{
	if (st_marks_arm(&listener, "st_marks_are_heard"))
		return NULL;
	WRITE_ONCE(heard, false);
	st_marks_are_heard();
	*hears = READ_ONCE(heard);
	return &listener;
}
