// SPDX-License-Identifier: GPL-2.0-only
/* 4.3 */
#include <linux/string.h>

long probe(char *to, const char *from)
{
	return strscpy(to, from, 8);
}
