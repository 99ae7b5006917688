// SPDX-License-Identifier: GPL-2.0-only
/* 3.16 in a header */
#include <linux/workqueue.h>

void *probe(void)
{
	return system_highpri_wq;
}
