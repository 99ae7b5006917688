// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

#include "memory.h"

u64 st_memory_bytes(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return (u64)info.totalram * info.mem_unit;
}
