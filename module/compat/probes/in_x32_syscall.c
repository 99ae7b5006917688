// SPDX-License-Identifier: GPL-2.0-only
/* 4.6, of x86 */
#include <linux/compat.h>

bool probe(void)
{
	return in_x32_syscall();
}
