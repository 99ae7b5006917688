// SPDX-License-Identifier: GPL-2.0-only
/* 6.13; before, it is an atomic f_count */
#include <linux/fs.h>

bool probe(struct file *file)
{
	return file_ref_get(&file->f_ref);
}
