// SPDX-License-Identifier: GPL-2.0-only
/* 5.0, el8 */
#include <linux/uaccess.h>

int probe(const void __user *from)
{
	return access_ok(from, 8);
}
