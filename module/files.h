/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files looked up by descriptor in a probe's handler, and put back from there.
 *
 * Another thread may close one meanwhile, so that ours is the last reference; and
 * to drop that, the kernel takes a timer's lock where the handler is one of a
 * breakpoint and so counts as an NMI. There files are put later, by an interrupt,
 * and got without fget(), which itself puts one whose table changes meanwhile.
 */
#ifndef SOCKTRACE_FILES_H
#define SOCKTRACE_FILES_H

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hardirq.h>
#include <linux/sched.h>

#include "compat/compat.h"

void st_files_init(void);

struct file *st_file_get_in_nmi(unsigned int fd);
void st_file_put_later(struct file *file);

/*
 * The file of current's descriptor @fd, until st_file_put(). NULL: there is none,
 * or no room to put it later. At most two at a time.
 */
static inline struct file *st_file_get(int fd)
{
	if (fd < 0)
		return NULL;
	return in_nmi() ? st_file_get_in_nmi(fd) : fget(fd);
}

static inline void st_file_put(struct file *file)
{
	if (in_nmi())
		st_file_put_later(file);
	else
		fput(file);
}

/*
 * Has current its descriptors to itself? Then nobody closes one, nor puts another file
 * there, before it goes on itself. The kernel's own calls go by that, too: fdget().
 */
static inline bool st_file_table_is_ours(void)
{
	/* Who sees that others have left it sees what they did there. */
	return smp_load_acquire(&current->files->count.counter) == 1;
}

/* If so: the file of descriptor @fd, or NULL; without a reference. */
struct file *st_file_peek(unsigned int fd);

/* Like st_file_get(), the file of the program that current runs; not in an NMI. */
struct file *st_file_get_exe(void);

/* When no handler can run any more: returns when all are put. */
void st_files_drain(void);

#endif /* SOCKTRACE_FILES_H */
