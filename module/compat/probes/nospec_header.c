// SPDX-License-Identifier: GPL-2.0-only
/* 4.15, and the stable kernels of 2018 */
#include <linux/bug.h> /* 4.4 lacks it there */
#include <linux/kernel.h>
#include <linux/nospec.h>

unsigned int probe(unsigned int nr)
{
	return array_index_nospec(nr, 8);
}
