// SPDX-License-Identifier: GPL-2.0-only
/* 3.13 */
#include <linux/u64_stats_sync.h>

void probe(struct u64_stats_sync *sync)
{
	u64_stats_init(sync);
}
