// SPDX-License-Identifier: GPL-2.0-only
/* 3.19; before, it returns an int. A conflict of types, if not. */
#include <linux/fs.h>
#include <linux/seq_file.h>

extern void (*probe)(struct seq_file *m, struct file *file);
extern typeof(((struct file_operations *)0)->show_fdinfo) probe;
