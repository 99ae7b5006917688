// SPDX-License-Identifier: GPL-2.0-only
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "files.h"

#define AT_ONCE 2 /* files that a handler holds */

/*
 * Written by handlers in NMI-like context on this CPU and by its irq_work, with
 * interrupts off: under PREEMPT_RT that is a thread.
 */
struct put_later {
	struct file *files[8];
	unsigned int nr;
	struct irq_work work;
};
static DEFINE_PER_CPU(struct put_later, put_later);

static void files_put(struct irq_work *work)
{
	struct put_later *later = container_of(work, struct put_later, work);

	struct file *file;
	unsigned long flags;

	do {
		local_irq_save(flags);
		file = later->nr ? later->files[--later->nr] : NULL;
		local_irq_restore(flags);
		if (file)
			fput(file);
	} while (file);
}

void st_files_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu(put_later, cpu).work, files_put);
}

static bool have_room(void)
{
	return this_cpu_read(put_later.nr) <= ARRAY_SIZE(put_later.files) - AT_ONCE;
}

static struct file __rcu **table_entry(unsigned int fd)
{
	/* As a reader of RCU, or with the table to ourselves. */
	struct fdtable *table = rcu_dereference_raw(current->files->fdt);

	if (fd >= table->max_fds)
		return NULL;
	return &table->fd[array_index_nospec(fd, table->max_fds)];
}

struct file *st_file_peek(unsigned int fd)
{
	struct file __rcu **entry = table_entry(fd);

	return entry ? rcu_dereference_raw(*entry) : NULL;
}

/*
 * Since 6.7 a file's memory may be another file's as soon as the last reference is
 * gone: what was got is @fd's only if it still stands there. Else it's put later,
 * for which there is room for the one that is returned in its place, too.
 */
struct file *st_file_get_in_nmi(unsigned int fd)
{
	struct file __rcu **entry;
	struct file *file = NULL;

	rcu_read_lock();
	while (have_room()) {
		entry = table_entry(fd);
		file = entry ? rcu_dereference(*entry) : NULL;
		if (!file)
			break;
		if (!st_compat_file_get(file))
			continue;
		if (rcu_access_pointer(*entry) == file && table_entry(fd) == entry)
			break;
		st_file_put_later(file);
		file = NULL;
	}
	rcu_read_unlock();
	return file;
}

/*
 * By prctl() another thread may put another file there meanwhile, and then what was
 * got may be any.
 */
struct file *st_file_get_exe(void)
{
	struct mm_struct *mm = current->mm;
	struct file *file;

	rcu_read_lock();
	file = st_compat_exe_file(mm);
	if (file && !st_compat_file_get(file))
		file = NULL;
	if (file && file != st_compat_exe_file(mm)) {
		st_file_put(file);
		file = NULL;
	}
	rcu_read_unlock();
	return file;
}

void st_file_put_later(struct file *file)
{
	struct put_later *later = this_cpu_ptr(&put_later);

	later->files[later->nr++] = file;
	irq_work_queue(&later->work);
}

void st_files_drain(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(put_later, cpu).work);
}
