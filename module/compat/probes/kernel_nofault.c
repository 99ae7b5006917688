// SPDX-License-Identifier: GPL-2.0-only
/* 5.8; before, it is probe_kernel_read() */
#include <linux/uaccess.h>

long probe(void *to, const void *from)
{
	return copy_from_kernel_nofault(to, from, 8);
}
