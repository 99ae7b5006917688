// SPDX-License-Identifier: GPL-2.0-only
/* 3.15 */
#include <linux/mm.h>

void *probe(void)
{
	return kvfree;
}
