// SPDX-License-Identifier: GPL-2.0-only
/* 4.12, el7; and with it kvzalloc() */
#include <linux/mm.h>
#include <linux/slab.h>

void *probe(void)
{
	return kvzalloc_node(1, GFP_KERNEL, 0);
}
