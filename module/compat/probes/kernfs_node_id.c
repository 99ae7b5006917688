// SPDX-License-Identifier: GPL-2.0-only
/* 4.14 to 5.4: a union with the generation; before, it is an ino alone */
#include <linux/kernfs.h>

u32 probe(const struct kernfs_node *kn)
{
	return kn->id.ino;
}
