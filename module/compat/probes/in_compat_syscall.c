// SPDX-License-Identifier: GPL-2.0-only
/* 4.6, el7 */
#include <linux/compat.h>

bool probe(void)
{
	return in_compat_syscall();
}
