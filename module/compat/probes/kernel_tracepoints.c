// SPDX-License-Identifier: GPL-2.0-only
/* 3.15; before, a tracepoint is registered with by its name alone */
#include <linux/tracepoint.h>

int probe(struct tracepoint *tp, void (*visit)(struct tracepoint *tp, void *priv))
{
	for_each_kernel_tracepoint(visit, NULL);
	return tracepoint_probe_register(tp, visit, NULL);
}
